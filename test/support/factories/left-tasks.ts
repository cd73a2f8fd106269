import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from './claims.js';
import { aTask, aTaskIn } from './factory.js';
import type { TestServices } from './services.js';

/** Creates a task that `first` completed, and that was rejected and assigned to `second`. Returns its id. */
export async function aReassignedTask(services: TestServices, first: AgentRow, second: AgentRow) {
  const { id } = await aTaskIn(services, 'REVIEW', first);
  await submitVerdict(services, services.admin, { task: { id }, verdict: 'REJECTED', feedback: 'No.' });
  await assignTask(services, services.admin, { task: { id }, assignee: { id: second.id } });
  return id;
}

/** Creates a task that `first` completed, and that was cancelled, reopened and claimed by `second`. Returns its id. */
export async function aReopenedTask(services: TestServices, first: AgentRow, second: AgentRow) {
  const { id } = await aTask(services, { priority: 'CRITICAL', dueAt: new Date('2001-01-01') });
  const { run } = await claimFor(services, first, { maxCapacity: 100 });
  await completeTask(services, services.admin, { runId: run?.id ?? '', resolution: 'x' });
  await cancelTask(services, services.admin, { task: { id } });
  await retryTask(services, services.admin, { task: { id } });
  const { task } = await claimFor(services, second, { maxCapacity: 100 });
  if (task?.id !== id) throw new Error(`claimed ${task?.title} instead of the reopened task`);
  return id;
}
