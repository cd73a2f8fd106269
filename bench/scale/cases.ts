import type { RunSelection } from '../../src/domain/runs/run-filter.js';
import { readsRows, TASK_COUNT_KEYS } from '../../src/domain/tasks/task-counts.js';
import { TASK_ORDER_FIELDS, type TaskFilter, type TaskOrder } from '../../src/domain/tasks/task-filter.js';
import type { Executor } from '../../src/postgres/statement.js';
import { listAgentStats } from '../../src/store/activity/agent-stats.js';
import { readThroughput } from '../../src/store/activity/task-throughput.js';
import { eventsThat } from '../../src/store/events/event-lists.js';
import type { LogFilter } from '../../src/store/events/event-log.js';
import { findSpan } from '../../src/store/events/log-times.js';
import { openList } from '../../src/store/lists/list-reader.js';
import { countTasksByStatus } from '../../src/store/ops/overview.js';
import { runsThat } from '../../src/store/runs/run-lists.js';
import { findCandidates } from '../../src/store/search/find-candidates.js';
import { estimateRarity, type ResolvedFilter } from '../../src/store/tasks/task-conditions.js';
import { countTasksBy } from '../../src/store/tasks/task-counts.js';
import { BY_STATUS, NEWEST_FIRST, type TaskViewer, tasksThat } from '../../src/store/tasks/task-lists.js';
import { findSeenTasks } from '../../src/store/tasks/visible-tasks.js';
import { AGENTS, DAYS } from './build.js';

/** One read whose time is compared between the two sizes. */
export interface Case {
  readonly name: string;
  read(executor: Executor): Promise<unknown>;
}

const PAGE = { size: 20, backward: false, after: null, before: null };
const COLUMNS = { task: ['id', 'number', 'title', 'status'], assignee: ['id', 'name'] } as const;
const WAITING = {
  ...{ agentTimeoutMs: 600_000, defaultGateway: null, gatewayNames: [] },
  ...{ coordinatorAgent: 'aegis', slotlessAgentIds: [] },
};
const DAY_MS = 86_400_000;

function agentId(number: number): string {
  return `agt_${String(number).padStart(26, '0')}`;
}

/** The filters, each by the name of its row. `at` is a time some days ago. */
function filtersAt(at: (days: number) => Date): Record<string, TaskFilter> {
  return {
    'no filter': {},
    'status INBOX': { status: ['INBOX'] },
    'status INBOX, ASSIGNED': { status: ['INBOX', 'ASSIGNED'] },
    'status DONE': { status: ['DONE'] },
    'status IN_PROGRESS': { status: ['IN_PROGRESS'] },
    'priority CRITICAL': { priority: ['CRITICAL'] },
    'an assignee': { assignee: [{ id: agentId(7) }] },
    'an assignee, ASSIGNED': { assignee: [{ id: agentId(7) }], status: ['ASSIGNED'] },
    'an assignee, DONE': { assignee: [{ id: agentId(7) }], status: ['DONE'] },
    'an agent without tasks': { assignee: [{ id: agentId(AGENTS) }] },
    unassigned: { unassigned: true },
    assigned: { unassigned: false },
    'a tag': { tags: ['team-3'] },
    'a rare tag': { tags: ['rare'] },
    'an unknown tag': { tags: ['unknown'] },
    'a tag, INBOX': { tags: ['area-41'], status: ['INBOX'] },
    'requires a skill': { requires: ['skill-2'] },
    'requires an unknown skill': { requires: ['unknown'] },
    pinned: { pinned: true },
    'waiting for dependencies': { waitingOn: ['DEPENDENCIES'] },
    'search: a common word': { search: 'gateway' },
    'search: a rare word': { search: 'c4ca42' },
    'search: an unknown word': { search: 'zzyzx' },
    'search: part of a word, two words': { search: 'nvoic eploy' },
    'created yesterday': { createdAt: { gte: at(2), lt: at(1) } },
    'due next week': { dueAt: { gte: at(0), lt: at(-7) } },
    'completed yesterday': { completedAt: { gte: at(2), lt: at(1) } },
    'started yesterday': { startedAt: { gte: at(2), lt: at(1) } },
    'in its status since yesterday': { statusAt: { gte: at(2), lt: at(1) } },
    'in its status for a week': { statusAt: { lt: at(7) }, status: ['INBOX', 'ASSIGNED', 'REVIEW'] },
    'a common model': { model: ['large'] },
    'a rare model': { model: ['rare'] },
    'an unknown model': { model: ['unknown'] },
    rejected: { rejected: true },
    'not rejected': { rejected: false },
    overdue: { overdue: true },
    'not overdue': { overdue: false },
    'a failure reason': { failureReason: ['FAILED_BY_AGENT'] },
    'an unknown recurring task': { recurringTaskId: 'unknown' },
    'a pipeline run': { pipelineRunId: 'unknown' },
    'INBOX or REVIEW by or': { or: [{ status: ['INBOX'] }, { status: ['REVIEW'] }] },
    'not DONE': { not: { status: ['DONE'] } },
  };
}

const ORDERS: readonly TaskOrder[] = TASK_ORDER_FIELDS.flatMap((field) => [
  { field, direction: 'ASC' },
  { field, direction: 'DESC' },
]);

const RUNS: Record<string, RunSelection> = {
  'no filter': {},
  'an agent': { agentIds: [agentId(7)] },
  'an agent without runs': { agentIds: [agentId(AGENTS)] },
  succeeded: { outcomes: ['SUCCEEDED'] },
  failed: { outcomes: ['FAILED'] },
  open: { outcomes: ['RUNNING'] },
  'timed out': { outcomes: ['TIMED_OUT'] },
  'an agent, failed': { agentIds: [agentId(7)], outcomes: ['FAILED'] },
};

const EVENT_FILTERS: Record<string, LogFilter> = {
  'no filter': {},
  'a common type': { types: ['task.created'] },
  'a rare type': { types: ['task.comment_added'] },
  'an unused type': { types: ['key.created'] },
  'a rare and an unused type': { types: ['task.comment_added', 'key.created'] },
  'a task': { taskId: `task_${'1'.padStart(26, '0')}` },
  'an agent': { agentId: agentId(7) },
  'an agent without events': { agentId: agentId(AGENTS) },
  'an agent, a rare type': { agentId: agentId(7), types: ['task.failed'] },
  'a pipeline run': { pipelineRun: { id: 'unknown', taskIds: new Set() } },
};

/** Every filter × order, and the counts. `nowMs` is the time at which the tasks end. */
export function listCases(nowMs: number): Case[] {
  const filters = Object.entries(filtersAt((days) => new Date(nowMs - days * DAY_MS)));
  const listOf = (filter: ResolvedFilter, order: TaskOrder, viewer: TaskViewer = null) =>
    tasksThat(viewer, filter, order, COLUMNS, WAITING);
  const open = async (executor: Executor, filter: TaskFilter, order: TaskOrder, viewer?: TaskViewer) => {
    const found = filter.search ? await findCandidates(executor, filter.search) : null;
    const rarity = await estimateRarity(executor, filter);
    const seen = viewer ? await findSeenTasks(executor, viewer) : null;
    return openList(executor, listOf({ ...filter, ...found, ...rarity, seen }, order, viewer));
  };
  const slices = filters.flatMap(([name, filter]) =>
    ORDERS.map((order) => ({
      name: `tasks: ${name} × ${order.field} ${order.direction}`,
      read: async (executor: Executor) => (await open(executor, filter, order)).slice(PAGE),
    })),
  );
  const counts = filters.map(([name, filter]) => ({
    name: `totalCount: ${name}`,
    read: async (executor: Executor) => (await open(executor, filter, NEWEST_FIRST)).count(),
  }));
  const bounded = filters.map(([name, filter]) => ({
    name: `totalCount up to 1,000: ${name}`,
    read: async (executor: Executor) => (await open(executor, filter, NEWEST_FIRST)).count(1_000),
  }));
  const groups = TASK_COUNT_KEYS.map((by) => ({
    name: `number of tasks by ${by}`,
    read: (executor: Executor) => {
      const filter: TaskFilter = by === 'FAILURE_REASON' ? { status: ['FAILED'] } : {};
      return countTasksBy(executor, listOf(filter, readsRows(by) ? NEWEST_FIRST : BY_STATUS), by);
    },
  }));
  const viewers = { 'an agent': 7, 'a new agent': AGENTS };
  const visible = Object.entries(viewers).flatMap(([name, number]) =>
    ORDERS.map((order) => ({
      name: `tasks that ${name} sees × ${order.field} ${order.direction}`,
      read: async (executor: Executor) => {
        const viewer = { agentId: agentId(number), coordinatorAgent: 'aegis' };
        return (await open(executor, {}, order, viewer)).slice(PAGE);
      },
    })),
  );
  return [...slices, ...counts, ...bounded, ...groups, ...visible];
}

/** Lists of runs, every filter of events from both ends, and the statistics. `nowMs` is the time at which the tasks end. */
export function otherCases(nowMs: number): Case[] {
  const seesAll = { tasks: null, seesKeys: true };
  const events = Object.entries(EVENT_FILTERS).flatMap(([name, filter]) =>
    [false, true].map((backward) => ({
      name: `events: ${name}, ${backward ? 'newest' : 'oldest'}`,
      read: (executor: Executor) =>
        openList(executor, eventsThat(seesAll, filter)).slice({ ...PAGE, backward }),
    })),
  );
  const eventCounts = Object.entries(EVENT_FILTERS).map(([name, filter]) => ({
    name: `totalCount of events: ${name}`,
    read: (executor: Executor) => openList(executor, eventsThat(seesAll, filter)).count(),
  }));
  const boundedEvents = Object.entries(EVENT_FILTERS).map(([name, filter]) => ({
    name: `totalCount up to 1,000 of events: ${name}`,
    read: (executor: Executor) => openList(executor, eventsThat(seesAll, filter)).count(1_000),
  }));
  const at = { gte: new Date(nowMs - 2 * DAY_MS), lt: new Date(nowMs - DAY_MS) };
  const period = {
    name: 'events: a day, oldest',
    read: async (executor: Executor) =>
      openList(executor, eventsThat(seesAll, { at }, await findSpan(executor, at))).slice(PAGE),
  };
  const runs = Object.entries(RUNS).map(([name, selection]) => ({
    name: `runs: ${name}`,
    read: (executor: Executor) =>
      openList(executor, runsThat(selection, true, ['id', 'outcome'])).slice(PAGE),
  }));
  const agents = Array.from({ length: AGENTS }, (_, i) => agentId(i + 1));
  const windows = [1, 7, DAYS].flatMap((days) => [
    {
      name: `stats of ${AGENTS} agents over ${days} days`,
      read: (executor: Executor) => listAgentStats(executor, agents, days * DAY_MS),
    },
    {
      name: `throughput over ${days} days`,
      read: (executor: Executor) => readThroughput(executor, days * DAY_MS, 48),
    },
  ]);
  return [
    ...runs,
    ...events,
    period,
    ...eventCounts,
    ...boundedEvents,
    ...windows,
    { name: 'counts by status', read: countTasksByStatus },
  ];
}
