import type { RunSelection } from '../../src/domain/runs/run-filter.js';
import type { TaskFilter, TaskOrder } from '../../src/domain/tasks/task-filter.js';
import type { LogFilter } from '../../src/store/events/event-log.js';

export const QUEUE: TaskOrder = { field: 'QUEUE', direction: 'ASC' };
export const OLDEST: TaskOrder = { field: 'CREATED_AT', direction: 'ASC' };
export const DUE: TaskOrder = { field: 'DUE_AT', direction: 'DESC' };
export const LAST: TaskOrder = { field: 'QUEUE', direction: 'DESC' };
export const RECENT: TaskOrder = { field: 'UPDATED_AT', direction: 'ASC' };
export const ENDED: TaskOrder = { field: 'COMPLETED_AT', direction: 'DESC' };
export const STATUS: TaskOrder = { field: 'STATUS_AT', direction: 'ASC' };
export const STARTED: TaskOrder = { field: 'STARTED_AT', direction: 'DESC' };
const [SOON, LATER] = [new Date(Date.now() + 3_600_000), new Date(Date.now() + 7_200_000)];
export const PRIORITY: TaskOrder = { field: 'PRIORITY', direction: 'ASC' };

/** What operators ask, and the number of tasks of the first page. */
export const LISTS: readonly (readonly [TaskFilter, TaskOrder, number])[] = [
  [{}, QUEUE, 20],
  [{}, DUE, 20],
  [{}, STATUS, 20],
  [{}, STARTED, 20],
  [{ status: ['INBOX', 'ASSIGNED'] }, QUEUE, 20],
  [{ status: ['INBOX', 'ASSIGNED'] }, PRIORITY, 20],
  [{ status: ['INBOX'] }, RECENT, 20],
  [{ assignee: [{ id: 'agt_busy' }], status: ['ASSIGNED'] }, OLDEST, 20],
  [{ overdue: true }, DUE, 20],
  [{ not: { status: ['DONE'] } }, PRIORITY, 20],
  [{ unassigned: true }, OLDEST, 20],
];

/** These depend on the statistics: a value that is rare is found by its own index. */
export const RARE: readonly (readonly [TaskFilter, TaskOrder, number])[] = [
  [{ tags: ['unknown'] }, QUEUE, 0],
  [{ tags: ['unknown'] }, OLDEST, 0],
  [{ assignee: [{ id: 'agt_idle' }] }, QUEUE, 0],
  [{ pinned: true }, RECENT, 0],
  [{ rejected: true }, PRIORITY, 0],
  [{ model: ['unknown'] }, STARTED, 0],
  [{ statusAt: { gte: SOON, lt: LATER } }, PRIORITY, 0],
  [{ requires: ['unknown'] }, DUE, 0],
  [{ requires: ['gpu'] }, LAST, 20],
  [{ requires: ['gpu'] }, RECENT, 20],
  [{ tags: ['tgpu'] }, LAST, 20],
  [{ dueAt: { gte: new Date(Date.now() - 7_200_000), lt: new Date() } }, LAST, 20],
];

export const EVENTS: readonly (readonly [LogFilter, number])[] = [
  [{ types: ['task.failed'] }, 1],
  [{ types: ['key.created', 'task.failed'] }, 1],
  [{ types: ['task.claimed'], agentId: 'agt_busy' }, 20],
];
export const RUNS: readonly (readonly [RunSelection, number])[] = [
  [{}, 20],
  [{ agentIds: ['agt_busy'] }, 20],
  [{ outcomes: ['SUCCEEDED'] }, 20],
  [{ outcomes: ['FAILED', 'TIMED_OUT'] }, 1],
  [{ outcomes: ['RUNNING'] }, 1],
  [{ agentIds: ['agt_busy'], outcomes: ['RUNNING'] }, 1],
  [{ taskId: 'task_d3' }, 1],
];
export const RARE_RUNS: typeof RUNS = [[{ agentIds: ['agt_idle'] }, 2]];
export const RARE_EVENTS: typeof EVENTS = [[{ agentId: 'agt_idle' }, 0]];
