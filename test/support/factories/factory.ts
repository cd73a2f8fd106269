import type { Viewer } from '../../../src/domain/actor.js';
import type { TaskStatus } from '../../../src/domain/tasks/task-status.js';
import { type AgentSettings, registerAgent } from '../../../src/services/agents/register-agent.js';
import { askQuestion } from '../../../src/services/questions/ask-question.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { type CreateTask, createTask } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { neverAborted } from './claims.js';
import type { TestServices } from './services.js';

let made = 0;

export type AgentOptions = AgentSettings & { readonly name?: string };

/** Registers an agent, by default with a capacity of 100. */
export async function anAgent(
  services: TestServices,
  { name, ...settings }: AgentOptions = {},
): Promise<AgentRow> {
  made += 1;
  const { agent } = await registerAgent(services, services.admin, {
    name: name ?? `agent-${made}`,
    maxCapacity: 100,
    ...settings,
  });
  return agent;
}

/** Creates an AGENT key of this agent and returns its viewer. */
export async function aKeyOf(services: TestServices, agent: AgentRow): Promise<Viewer> {
  made += 1;
  const keyId = `key_of_${agent.name}_${made}`;
  await services.sql(
    "INSERT INTO api_keys (id, name, prefix, hash, role, agent_id) VALUES ($1, 'test', 'mc_', decode(md5($1), 'hex'), 'AGENT', $2)",
    [keyId, agent.id],
  );
  return { keyId, role: 'AGENT', agentId: agent.id };
}

export async function aTask(services: TestServices, input: Partial<CreateTask> = {}): Promise<TaskRow> {
  made += 1;
  return createTask(services, services.admin, { title: `Task ${made}`, ...input });
}

/** Creates a task that this agent has claimed. Returns it with the id of the run. */
export async function aClaimedTask(
  services: TestServices,
  agent: AgentRow,
  input: Partial<CreateTask> = {},
): Promise<{ readonly task: TaskRow; readonly runId: string }> {
  const assigned = await aTask(services, { ...input, priority: 'CRITICAL', assignee: { id: agent.id } });
  const claim = await claimNextTask(
    services,
    services.admin,
    { agent: { id: agent.id }, maxCapacity: 100 },
    neverAborted,
  );
  if (claim.task?.id !== assigned.id || claim.run === null) {
    throw new Error(`claimed ${claim.task?.title ?? claim.reason} instead of ${assigned.title}`);
  }
  return { task: claim.task, runId: claim.run.id };
}

/** Creates a task in any status but REJECTED, which no task keeps. It gets there by the public operations. */
export async function aTaskIn(services: TestServices, status: TaskStatus, agent: AgentRow): Promise<TaskRow> {
  if (status === 'INBOX') return aTask(services);
  if (status === 'ASSIGNED') return aTask(services, { assignee: { id: agent.id } });
  const { task, runId } = await aClaimedTask(services, agent);
  const named = { task: { id: task.id } };
  switch (status) {
    case 'IN_PROGRESS':
      return task;
    case 'INPUT_REQUIRED':
      return (await askQuestion(services, services.admin, { runId, text: 'Which one?' })).task;
    case 'REVIEW':
      return completeTask(services, services.admin, { runId, resolution: 'done' });
    case 'DONE':
      await completeTask(services, services.admin, { runId, resolution: 'done' });
      return (await submitVerdict(services, services.admin, { ...named, verdict: 'APPROVED' })).task;
    case 'FAILED':
      return failTask(services, services.admin, { runId, error: 'broken', retry: false });
    case 'CANCELLED':
      return cancelTask(services, services.admin, named);
    case 'REJECTED':
      throw new Error('no task stays in REJECTED');
  }
}
