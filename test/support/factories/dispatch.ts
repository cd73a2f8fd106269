import { vi } from 'vitest';
import type { CreateTask } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import type { Row } from '../postgres/sql.js';
import { type AgentOptions, anAgent, aTask } from './factory.js';
import type { TestServices } from './services.js';

/** An agent that work is sent to through the scripted gateway. */
export function aPushAgent(services: TestServices, options: AgentOptions = {}): Promise<AgentRow> {
  return anAgent(services, { delivery: 'PUSH', config: { gateway: 'scripted' }, maxCapacity: 1, ...options });
}

/** A task that is the agent's to do. */
export function aTaskOf(
  services: TestServices,
  agent: AgentRow,
  input: Partial<CreateTask> = {},
): Promise<TaskRow> {
  return aTask(services, { assignee: { id: agent.id }, ...input });
}

/** The task's row as it is stored, once it is in this status. */
export async function inStatus(services: TestServices, taskId: string, status: string): Promise<Row> {
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

/** What was said about the task, oldest first. */
export async function commentsOf(services: TestServices, taskId: string) {
  return services.sql<{ body: string; author_agent_id: string | null }>(
    'SELECT body, author_agent_id FROM comments WHERE task_id = $1 ORDER BY created_at, id',
    [taskId],
  );
}

/** Lets the pause after a failed attempt be over. */
export async function endBackoff(services: TestServices, taskId: string): Promise<void> {
  await services.sql(
    "UPDATE tasks SET backoff_until = now() - interval '1 s', not_before = now() - interval '1 s' WHERE id = $1",
    [taskId],
  );
}
