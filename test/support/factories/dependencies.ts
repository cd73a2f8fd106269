import { completeTask } from '../../../src/services/runs/complete-task.js';
import { addDependency, removeDependency } from '../../../src/services/tasks/edit-dependencies.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { aClaimedTask } from './factory.js';
import type { TestServices } from './services.js';

export function addEdge(process: TestServices, task: TaskRow, on: TaskRow, viewer = process.admin) {
  return addDependency(process, viewer, { task: { id: task.id }, dependsOn: { id: on.id } });
}

export function removeEdge(process: TestServices, task: TaskRow, on: TaskRow, viewer = process.admin) {
  return removeDependency(process, viewer, { task: { id: task.id }, dependsOn: { id: on.id } });
}

/** A task in progress. `finish` completes it, and as it is not reviewed it is DONE then. */
export async function aTaskToFinish(services: TestServices, agent: AgentRow) {
  const { task, runId } = await aClaimedTask(services, agent, { reviewPolicy: 'SKIP' });
  return {
    ...task,
    finish: (process = services) => completeTask(process, process.admin, { runId, resolution: 'done' }),
  };
}
