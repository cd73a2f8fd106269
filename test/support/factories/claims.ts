import {
  type ClaimAnswer,
  type ClaimNextTask,
  claimNextTask,
} from '../../../src/services/runs/claim-next-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TestServices } from './services.js';

/** The signal of a caller that stays. */
export const never = new AbortController().signal;

/** A claim for this agent, by an admin. */
export function claimFor(
  services: TestServices,
  agent: Pick<AgentRow, 'id'>,
  input: Omit<ClaimNextTask, 'agent'> = {},
  signal: AbortSignal = never,
): Promise<ClaimAnswer> {
  return claimNextTask(services, services.admin, { agent: { id: agent.id }, ...input }, signal);
}

/** The titles of what successive claims hand out, until there is nothing any more. */
export async function claimAll(services: TestServices, agent: Pick<AgentRow, 'id'>): Promise<string[]> {
  const titles: string[] = [];
  for (;;) {
    const { task } = await claimFor(services, agent, { maxCapacity: 100 });
    if (task === null) return titles;
    titles.push(task.title);
  }
}

/** Faster than TRUNCATE for the few rows of a test: that makes forty new files. */
const CLEAR = ['comments', 'quality_reviews', 'review_runs', 'task_runs', 'task_dependencies', 'tasks']
  .concat('pipeline_runs', 'pipelines', 'idempotency_keys')
  .map((table) => `DELETE FROM ${table}`)
  .join('; ');

/** No task is left, and none is held: the next test has the queue to itself. */
export async function clearTasks(services: Pick<TestServices, 'sql'>): Promise<void> {
  await services.sql(CLEAR);
}
