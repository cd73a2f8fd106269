import type { GraphQLResolveInfo } from 'graphql';
import { TASK_FIELD_NAMES } from '../../domain/tasks/task-fields.js';
import type { Agent, ReviewRun, Task, TaskRun } from '../../generated/prisma/client.js';
import { NODE_PATHS } from './connection.js';
import { selectedFields } from './selection.js';

/** The columns that each field of a type reads. A field that is not listed may read any column. */
type FieldColumns<Row> = Readonly<Record<string, readonly (keyof Row & string)[]>>;

/** `*` is all columns. */
type Columns<Row> = '*' | readonly (keyof Row & string)[];

type Info = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;
type Paths = Parameters<typeof selectedFields>[1];

/** The columns of a task that the selection under this field, or at these paths below it, needs. */
export const taskColumns = createColumns<Task>({
  __typename: [],
  id: [],
  ref: ['number'],
  ...likeNamed<Task>(
    ...TASK_FIELD_NAMES,
    'pinned',
    'status',
    'version',
    'resolution',
    'failureReason',
    'failureDetail',
    'onDependencyFailure',
    'dispatchAttempts',
    'reviewCycles',
    'staleRequeues',
    'createdAt',
    'updatedAt',
    'statusAt',
    'startedAt',
    'completedAt',
  ),
  allowedTransitions: ['status'],
  waitingOn: ['status'],
  candidates: [],
  routing: ['title', 'description', 'priority', 'assigneeId'],
  assignee: ['assigneeId'],
  createdBy: ['createdByKeyId', 'createdByAgentId'],
  currentRun: ['currentRunId'],
  recurringTask: ['recurringTaskId'],
  pipelineRun: ['pipelineRunId'],
  pipelineStep: ['pipelineStepKey'],
  dependsOn: [],
  dependents: [],
  inputs: [],
  runs: [],
  reviews: [],
  reviewRuns: [],
  comments: [],
  questions: [],
  waitedForPeople: [],
  events: [],
});

export const agentColumns = createColumns<Agent>({
  __typename: [],
  id: [],
  displayName: ['name'],
  ...likeNamed<Agent>(
    'name',
    'role',
    'delivery',
    'capabilities',
    'maxCapacity',
    'acceptsInbox',
    'lastSeenAt',
    'soul',
    'createdAt',
    'version',
  ),
  status: ['pausedAt', 'errorAt', 'lastSeenAt'],
  activeTaskCount: [],
  config: ['dispatchModel', 'defaultModel', 'gateway', 'gatewayAgentId', 'timeoutMs', 'configExtra'],
  tasks: [],
  stats: [],
  reviewStats: [],
});

type AnyRun = Pick<TaskRun, keyof TaskRun & keyof ReviewRun>;

/** What runs of tasks and runs of reviews have in common. */
const ANY_RUN: FieldColumns<AnyRun> = {
  __typename: [],
  id: [],
  task: ['taskId'],
  agent: ['agentId'],
  ...likeNamed<AnyRun>(
    'trigger',
    'outcome',
    'startedAt',
    'finishedAt',
    'leaseExpiresAt',
    'model',
    'gateway',
    'gatewayRunId',
    'error',
  ),
  prompt: ['agentId', 'prompt'],
  output: ['agentId', 'output'],
  usage: ['inputTokens', 'outputTokens', 'costUsd'],
};

const TASK_RUN: FieldColumns<TaskRun> = {
  ...ANY_RUN,
  ...likeNamed<TaskRun>('number', 'modelTier', 'progress'),
};

export const runColumns = createColumns<TaskRun>(TASK_RUN);

const columnsOfClaim = createColumns<TaskRun>({
  ...TASK_RUN,
  run: [],
  reason: [],
  nextEligibleAt: [],
  errors: [],
  questions: ['taskId', 'number'],
  comments: ['taskId'],
});

/** The columns of the run that the payload of a claim needs: for `run`, and for the fields that are read by the run. */
export function claimedRunColumns(info: Info): Columns<TaskRun> {
  return columnsOfClaim(info, [['run'], []]);
}

export const reviewRunColumns = createColumns<ReviewRun>({ ...ANY_RUN, ...likeNamed<ReviewRun>('round') });

const ASSIGNEE_PATHS = NODE_PATHS.map((path) => [...path, 'assignee']);

/** The columns that a connection of tasks needs of its tasks and of their assignees, and whether it needs cursors. */
export function listedTaskColumns(info: Info) {
  const asked = selectedFields(info);
  const asksForAssignees = selectedFields(info, NODE_PATHS).has('assignee');
  return {
    task: taskColumns(info, NODE_PATHS),
    assignee: asksForAssignees ? agentColumns(info, ASSIGNEE_PATHS) : null,
    cursors: asked.has('edges') || asked.has('pageInfo'),
  };
}

/** Computed once per place in a document, so claims with the same document share one array. */
function createColumns<Row>(fields: FieldColumns<Row>) {
  const remembered = new WeakMap<ReadonlySet<string>, Columns<Row>>();
  return (info: Info, paths?: Paths): Columns<Row> => {
    const names = selectedFields(info, paths);
    const columns = remembered.get(names) ?? columnsOf(fields, names);
    remembered.set(names, columns);
    return columns;
  };
}

/** Sorted, so that equal selections produce equal statements. */
function columnsOf<Row>(fields: FieldColumns<Row>, names: ReadonlySet<string>): Columns<Row> {
  const columns = new Set<keyof Row & string>();
  for (const name of names) {
    const needed = fields[name];
    if (needed === undefined) return '*';
    for (const column of needed) columns.add(column);
  }
  return [...columns].sort();
}

function likeNamed<Row>(...names: readonly (keyof Row & string)[]): FieldColumns<Row> {
  return Object.fromEntries(names.map((name) => [name, [name]]));
}
