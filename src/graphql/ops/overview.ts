import type { TaskCount, ThroughputPoint } from '../../domain/overview.js';
import { type Overview, openOverview } from '../../services/ops/read-overview.js';
import { refuseInvalidList } from '../base/connection.js';
import { TaskStatusEnum } from '../base/enums.js';
import { builder } from '../builder.js';

const DAY_MS = 86_400_000;
const BUCKETS = 48;

const TaskCountType = builder.objectRef<TaskCount>('TaskCount').implement({
  description: 'How many tasks there are in a status.',
  fields: (t) => ({
    status: t.expose('status', { type: TaskStatusEnum, description: 'The status.' }),
    count: t.exposeInt('count', { description: 'How many tasks are in it.' }),
  }),
});

const ThroughputPointType = builder.objectRef<ThroughputPoint>('ThroughputPoint').implement({
  description: 'What happened in a stretch of time.',
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'Its beginning.' }),
    created: t.exposeInt('created', { description: 'Tasks created in it.' }),
    completed: t.exposeInt('completed', { description: 'Tasks that became DONE in it.' }),
    failed: t.exposeInt('failed', { description: 'Tasks that became FAILED in it.' }),
    rejected: t.exposeInt('rejected', { description: 'Verdicts in it that sent work back.' }),
  }),
});

/** Resolved from `openOverview`, by the query and by the subscription. */
export const OverviewType = builder.objectRef<Overview>('Overview').implement({
  description: 'The state of everything at a glance.',
  fields: (t) => ({
    taskCounts: t.field({
      type: [TaskCountType],
      description: 'How many tasks there are in each status.',
      resolve: (overview) => overview.taskCounts(),
    }),
    agentsOnline: t.int({
      description: 'Agents that have called within the agent timeout.',
      resolve: async (overview) => (await overview.fleet()).agentsOnline,
    }),
    agentsTotal: t.int({
      description: 'Agents that have ever registered.',
      resolve: async (overview) => (await overview.fleet()).agentsTotal,
    }),
    capacityInUse: t.int({
      description: 'Tasks that agents hold: those IN_PROGRESS. Reviews do not count.',
      resolve: async (overview) => (await overview.fleet()).capacityInUse,
    }),
    capacityTotal: t.int({
      description: 'Tasks that all agents together may have IN_PROGRESS.',
      resolve: async (overview) => (await overview.fleet()).capacityTotal,
    }),
    oldestWaitingSince: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the oldest task that waits for an agent was created.',
      resolve: async (overview) => (await overview.standing()).oldestWaitingSince,
    }),
    oldestInReviewSince: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Since when the task that has waited longest for a verdict has waited.',
      resolve: async (overview) => (await overview.standing()).oldestInReviewSince,
    }),
    throughput: t.field({
      type: [ThroughputPointType],
      description: 'What happened in the last stretch of time, in equal parts, the latest last.',
      args: {
        window: t.arg({
          type: 'Duration',
          defaultValue: DAY_MS,
          description: 'How far to look back: a minute to a year.',
        }),
        buckets: t.arg.int({ defaultValue: BUCKETS, description: 'How many parts: 1 to 500.' }),
      },
      complexity: ({ buckets }) => ({ field: 1, multiplier: buckets ?? BUCKETS }),
      resolve: (overview, { window, buckets }) =>
        overview.throughput(window ?? DAY_MS, buckets ?? BUCKETS).catch(refuseInvalidList),
    }),
  }),
});

builder.queryFields((t) => ({
  overview: t.field({
    type: OverviewType,
    authScopes: { reader: true },
    description:
      'The state of everything at a glance. Not for the keys of agents, which see only their part.',
    resolve: (_root, _args, { services }) => openOverview(services),
  }),
}));
