import { vi } from 'vitest';
import type { CreateTask } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import type { Row } from '../postgres/sql.js';
import { type AgentOptions, anAgent, aTask } from './factory.js';
import type { TestServices } from './services.js';

/** Registers an agent with PUSH delivery through the scripted gateway. */
export function aPushAgent(services: TestServices, options: AgentOptions = {}): Promise<AgentRow> {
  return anAgent(services, { delivery: 'PUSH', config: { gateway: 'scripted' }, maxCapacity: 1, ...options });
}

/** Creates a task that is assigned to the agent. */
export function aTaskOf(
  services: TestServices,
  agent: AgentRow,
  input: Partial<CreateTask> = {},
): Promise<TaskRow> {
  return aTask(services, { assignee: { id: agent.id }, ...input });
}

/** Waits until the task is in this status, and returns its row. */
export async function waitForStatus(services: TestServices, taskId: string, status: string): Promise<Row> {
  return vi.waitFor(
    async () => {
      const [row] = await services.sql('SELECT * FROM tasks WHERE id = $1', [taskId]);
      if (row?.status !== status) throw new Error(`${taskId} is ${row?.status}`);
      return row;
    },
    { timeout: 20_000, interval: 5 },
  );
}

/** The task's runs, first to last. */
export function runsOf(services: TestServices, taskId: string): Promise<Row[]> {
  return services.sql('SELECT * FROM task_runs WHERE task_id = $1 ORDER BY number', [taskId]);
}

/** The comments on the task, oldest first. */
export async function commentsOf(services: TestServices, taskId: string) {
  return services.sql<{ body: string; author_agent_id: string | null }>(
    'SELECT body, author_agent_id FROM comments WHERE task_id = $1 ORDER BY created_at, id',
    [taskId],
  );
}

/** Ends the backoff after a failed attempt. */
export async function endBackoff(services: TestServices, taskId: string): Promise<void> {
  await services.sql(
    "UPDATE tasks SET backoff_until = now() - interval '1 s', not_before = now() - interval '1 s' WHERE id = $1",
    [taskId],
  );
}
