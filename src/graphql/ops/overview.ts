import type { AttemptTimes, TaskCount, ThroughputPoint, TimeSpread } from '../../domain/ops/overview.js';
import { type Overview, openOverview } from '../../services/ops/read-overview.js';
import { refuseInvalidList } from '../base/connection.js';
import { TaskStatusEnum } from '../base/enums.js';
import { builder } from '../builder.js';

const DAY_MS = 86_400_000;
const BUCKETS = 48;
const DAY_HOURS = 24;

/** The complexity of a throughput, which reads all tasks and verdicts of its window: as much as a few searches for a long one. */
const THROUGHPUT_PRICE = 1_000;

/** The complexity of the times of attempts: some counts for each hour of the window, and the events that are not counted yet. */
const TIMES_PRICE = 500;

const TaskCountType = builder.objectRef<TaskCount>('TaskCount').implement({
  description: 'The number of tasks in a status.',
  fields: (t) => ({
    status: t.expose('status', { type: TaskStatusEnum, description: 'The status.' }),
    count: t.exposeInt('count', { description: 'The number of tasks.' }),
  }),
});

const ThroughputPointType = builder.objectRef<ThroughputPoint>('ThroughputPoint').implement({
  description: 'Counts for a period of time.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'The start of the period.' }),
    created: t.exposeInt('created', { description: 'Tasks that were created.' }),
    completed: t.exposeInt('completed', { description: 'Tasks that became DONE.' }),
    failed: t.exposeInt('failed', { description: 'Tasks that became FAILED.' }),
    rejected: t.exposeInt('rejected', { description: 'Verdicts that rejected the work.' }),
  }),
});

const TimeSpreadType = builder.objectRef<TimeSpread>('TimeSpread').implement({
  description: 'How durations are spread. They are counted in classes, so each is within 9 %.',
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'The number of durations.' }),
    p50Ms: t.int({
      nullable: true,
      description: 'What half of them do not exceed, in milliseconds. Null if there were none.',
      resolve: ({ p50Ms }) => toWhole(p50Ms),
    }),
    p95Ms: t.int({
      nullable: true,
      description: 'What 95 % of them do not exceed, in milliseconds. Null if there were none.',
      resolve: ({ p95Ms }) => toWhole(p95Ms),
    }),
  }),
});

/** The largest value of an Int is 24 days, and a task may wait for longer. */
function toWhole(ms: number | null): number | null {
  return ms === null ? null : Math.min(Math.round(ms), 2_147_483_647);
}

const AttemptTimesType = builder.objectRef<AttemptTimes>('AttemptTimes').implement({
  description: 'How long tasks waited and attempts took in a period of time.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'The start of the period, a full hour.' }),
    waits: t.expose('waits', {
      type: TimeSpreadType,
      description:
        'From the creation of a task, or from its start time, to its first attempt: of the tasks whose first attempt began in the period.',
    }),
    runs: t.expose('runs', {
      type: TimeSpreadType,
      description: 'From the start of an attempt to its end: of those that succeeded in the period.',
    }),
  }),
});

/** The query and the subscription resolve it from `openOverview`. */
export const OverviewType = builder.objectRef<Overview>('Overview').implement({
  description: 'A summary of tasks, agents and throughput.',
  fields: (t) => ({
    taskCounts: t.field({
      type: [TaskCountType],
      description: 'The number of tasks in each status.',
      resolve: (overview) => overview.taskCounts(),
    }),
    agentsOnline: t.int({
      description: 'Agents that called the server within the agent timeout.',
      resolve: async (overview) => (await overview.fleet()).agentsOnline,
    }),
    agentsTotal: t.int({
      description: 'Agents that have ever registered.',
      resolve: async (overview) => (await overview.fleet()).agentsTotal,
    }),
    capacityInUse: t.int({
      description: 'Tasks that agents hold, which are those IN_PROGRESS. Reviews do not count.',
      resolve: async (overview) => (await overview.fleet()).capacityInUse,
    }),
    capacityTotal: t.int({
      description: 'The maximum number of tasks IN_PROGRESS for all agents together.',
      resolve: async (overview) => (await overview.fleet()).capacityTotal,
    }),
    oldestWaitingSince: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the oldest task that waits for an agent was created; null if none waits.',
      resolve: async (overview) => (await overview.standing()).oldestWaitingSince,
    }),
    oldestInReviewSince: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the longest wait for a verdict began; null if no task is in REVIEW.',
      resolve: async (overview) => (await overview.standing()).oldestInReviewSince,
    }),
    throughput: t.field({
      type: [ThroughputPointType],
      description: 'Counts for equal periods of the recent past, latest last.',
      args: {
        window: t.arg({
          type: 'Duration',
          defaultValue: DAY_MS,
          description: 'The time to look back: a minute to a year.',
        }),
        buckets: t.arg.int({ defaultValue: BUCKETS, description: 'The number of periods: 1 to 500.' }),
      },
      complexity: ({ buckets }) => ({ field: THROUGHPUT_PRICE, multiplier: buckets ?? BUCKETS }),
      resolve: (overview, { window, buckets }) =>
        overview.throughput(window ?? DAY_MS, buckets ?? BUCKETS).catch(refuseInvalidList),
    }),
    attemptTimes: t.field({
      type: [AttemptTimesType],
      description:
        'How long tasks waited and attempts took, for equal periods of whole hours, latest last. The present hour counts as the last of the window.',
      args: {
        window: t.arg({
          type: 'Duration',
          defaultValue: DAY_MS,
          description: 'The time to look back: a minute to a year.',
        }),
        buckets: t.arg.int({
          defaultValue: DAY_HOURS,
          description: 'The number of periods at most: 1 to 500.',
        }),
      },
      complexity: ({ buckets }) => ({ field: TIMES_PRICE, multiplier: buckets ?? DAY_HOURS }),
      resolve: (overview, { window, buckets }) =>
        overview.attemptTimes(window ?? DAY_MS, buckets ?? DAY_HOURS).catch(refuseInvalidList),
    }),
  }),
});

builder.queryFields((t) => ({
  overview: t.field({
    type: OverviewType,
    authScopes: { reader: true },
    description: 'A summary of tasks, agents and throughput. Not available to keys of agents.',
    resolve: (_root, _args, { services }) => openOverview(services),
  }),
}));
