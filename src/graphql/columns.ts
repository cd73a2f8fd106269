import type { GraphQLResolveInfo } from 'graphql';
import type { Agent, ReviewRun, Task, TaskRun } from '../generated/prisma/client.js';
import { NODE_PATHS } from './connection.js';
import { selectedFields } from './selection.js';

/** Which columns the fields of a type read; a field that is not listed may read any of them. */
type FieldColumns<Row> = Readonly<Record<string, readonly (keyof Row & string)[]>>;

type Info = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>;
type Paths = Parameters<typeof selectedFields>[1];

const TASK_FIELDS: FieldColumns<Task> = {
  __typename: [],
  id: [],
  ref: ['number'],
  ...likeNamed<Task>(
    'title',
    'description',
    'status',
    'priority',
    'tags',
    'metadata',
    'dueAt',
    'startsAt',
    'version',
    'resolution',
    'failureReason',
    'failureDetail',
    'reviewPolicy',
    'onDependencyFailure',
    'dispatchAttempts',
    'reviewCycles',
    'staleRequeues',
    'createdAt',
    'updatedAt',
    'startedAt',
    'completedAt',
  ),
  allowedTransitions: ['status'],
  waitingOn: ['status'],
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
  events: [],
};

const AGENT_FIELDS: FieldColumns<Agent> = {
  __typename: [],
  id: [],
  displayName: ['name'],
  ...likeNamed<Agent>(
    'name',
    'role',
    'delivery',
    'capabilities',
    'maxCapacity',
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
};

const RUN_FIELDS: FieldColumns<TaskRun> = {
  __typename: [],
  id: [],
  task: ['taskId'],
  agent: ['agentId'],
  ...likeNamed<TaskRun>(
    'number',
    'trigger',
    'outcome',
    'startedAt',
    'finishedAt',
    'leaseExpiresAt',
    'model',
    'modelTier',
    'gateway',
    'gatewayRunId',
    'error',
    'progress',
  ),
  prompt: ['agentId', 'prompt'],
  output: ['agentId', 'output'],
  usage: ['inputTokens', 'outputTokens', 'costUsd'],
};

const REVIEW_RUN_FIELDS: FieldColumns<ReviewRun> = {
  __typename: [],
  id: [],
  task: ['taskId'],
  agent: ['agentId'],
  ...likeNamed<ReviewRun>(
    'round',
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

/** The columns that the selection under this field (or at these paths below it) needs of a task. */
export function taskColumns(info: Info, paths?: Paths) {
  return columnsFor(TASK_FIELDS, info, paths);
}

/** The same for a connection of tasks, with what it needs of their assignees. */
export function listedTaskColumns(info: Info) {
  const asksForAssignees = selectedFields(info, NODE_PATHS).has('assignee');
  return {
    task: taskColumns(info, NODE_PATHS),
    assignee: asksForAssignees ? agentColumns(info, ASSIGNEE_PATHS) : null,
  };
}

export function agentColumns(info: Info, paths?: Paths) {
  return columnsFor(AGENT_FIELDS, info, paths);
}

export function runColumns(info: Info, paths?: Paths) {
  return columnsFor(RUN_FIELDS, info, paths);
}

export function reviewRunColumns(info: Info, paths?: Paths) {
  return columnsFor(REVIEW_RUN_FIELDS, info, paths);
}

const ASSIGNEE_PATHS = NODE_PATHS.map((path) => [...path, 'assignee']);

/** In a fixed order, so that equal selections make equal statements. */
function columnsFor<Row>(fields: FieldColumns<Row>, info: Info, paths: Paths) {
  const columns = new Set<keyof Row & string>();
  for (const name of selectedFields(info, paths)) {
    const needed = fields[name];
    if (needed === undefined) return '*' as const;
    for (const column of needed) columns.add(column);
  }
  return [...columns].sort();
}

function likeNamed<Row>(...names: readonly (keyof Row & string)[]): FieldColumns<Row> {
  return Object.fromEntries(names.map((name) => [name, [name]]));
}
