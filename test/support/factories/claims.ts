import {
  type ClaimAnswer,
  type ClaimNextTask,
  claimNextTask,
} from '../../../src/services/runs/claim-next-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TestServices } from './services.js';

/** The signal of a caller that never aborts. */
export const neverAborted = new AbortController().signal;

/** Claims as an admin for this agent. */
export function claimFor(
  services: TestServices,
  agent: Pick<AgentRow, 'id'>,
  input: Omit<ClaimNextTask, 'agent'> = {},
  signal: AbortSignal = neverAborted,
): Promise<ClaimAnswer> {
  return claimNextTask(services, services.admin, { agent: { id: agent.id }, ...input }, signal);
}

/** Claims until no task is left, and returns the titles. */
export async function claimAll(services: TestServices, agent: Pick<AgentRow, 'id'>): Promise<string[]> {
  const titles: string[] = [];
  for (;;) {
    const { task } = await claimFor(services, agent, { maxCapacity: 100 });
    if (task === null) return titles;
    titles.push(task.title);
  }
}

/** DELETE is faster than TRUNCATE for the few rows of a test: TRUNCATE creates forty new files. */
const CLEAR = [
  'questions',
  'comments',
  'quality_reviews',
  'review_runs',
  'task_runs',
  'task_dependencies',
  'tasks',
]
  .concat('pipeline_runs', 'pipelines', 'idempotency_keys')
  .map((table) => `DELETE FROM ${table}`)
  .join('; ');

/** Deletes all tasks, runs and pipelines, so that the next test begins with an empty queue. */
export async function clearTasks(services: Pick<TestServices, 'sql'>): Promise<void> {
  await services.sql(CLEAR);
}
