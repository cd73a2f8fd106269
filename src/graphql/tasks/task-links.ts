import type { GraphQLResolveInfo } from 'graphql';
import { reasonsBeside } from '../../domain/tasks/waiting-reasons.js';
import type { Task } from '../../generated/prisma/client.js';
import {
  type Candidate,
  findLinkedTasks,
  type ListedTask,
  openCommentsOfTasks,
  openReviewRunsOfTasks,
  openReviewsOfTasks,
  openRunsOfTasks,
  readCandidates,
  readWaitingOn,
  type TaskColumns,
  type TaskLink,
} from '../../services/tasks/read-tasks.js';
import { AgentType } from '../agents/agent.js';
import { connectChildren } from '../base/child-connection.js';
import { LONG_LISTS } from '../base/complexity.js';
import { connectionArgs, NODE_PATHS } from '../base/connection.js';
import {
  CommentConnection,
  ReviewConnection,
  ReviewRunConnection,
  TaskRunConnection,
} from '../base/connections.js';
import { WaitingReasonEnum } from '../base/enums.js';
import { loadBatched } from '../base/loaders.js';
import { getAgent, loadAgent, loadRow, loadTaskList } from '../base/row-loads.js';
import { reviewRunColumns, runColumns, taskColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { ActorInterface, loadActor } from '../events/actor.js';
import { TaskRunType } from '../runs/task-run.js';
import { loadDependenciesForAgent } from './dependency-view.js';
import { TaskType } from './task.js';

interface DependencyResult {
  readonly task: Task;
}

const DependencyResultType = builder.objectRef<DependencyResult>('DependencyResult').implement({
  description: 'The result of a dependency.',
  fields: (t) => resultFields(t),
});

/** The name is part of the first contract, although it reads like the name of an input. */
const TaskInputType = builder.objectRef<DependencyResult>('TaskInput').implement({
  description: 'The same as DependencyResult. Only the deprecated field Task.inputs returns it.',
  fields: (t) => resultFields(t),
});

type ResultFields = PothosSchemaTypes.ObjectFieldBuilder<typeof builder.$inferSchemaTypes, DependencyResult>;

function resultFields(t: ResultFields) {
  return {
    task: t.field({ type: TaskType, description: 'The dependency.', resolve: ({ task }) => task }),
    resolution: t.string({
      nullable: true,
      description: 'The result of the dependency, once it is DONE.',
      resolve: ({ task }) => (task.status === 'DONE' ? task.resolution : null),
    }),
  };
}

const CandidateType = builder.objectRef<Candidate>('Candidate').implement({
  description: 'An agent that may be asked to do a task.',
  fields: (t) => ({
    agent: t.field({
      type: AgentType,
      description: 'The agent.',
      resolve: ({ agentId }, _args, context, info) => getAgent(context, info, agentId),
    }),
    eligible: t.boolean({
      description: 'Whether it could take the task now.',
      resolve: ({ reasons }) => reasons.length === 0,
    }),
    reasons: t.stringList({
      description:
        'Why it can’t: paused, offline, at capacity, lacks a capability (one entry each), does not accept tasks of the inbox, released it, assigned to another agent, or its gateway.',
      resolve: ({ reasons }) => [...reasons],
    }),
  }),
});

builder.prismaObjectFields(TaskType, (t) => ({
  assignee: t.field({
    type: AgentType,
    nullable: true,
    description: 'The agent that the task is assigned to.',
    resolve: (task, _args, context, info) => {
      if (task.assigneeId === null) return null;
      const { assignee } = task as ListedTask;
      return assignee ?? loadAgent(context, info, task.assigneeId);
    },
  }),
  createdBy: t.field({
    type: ActorInterface,
    description: 'Who created the task.',
    resolve: (task, _args, context, info) =>
      loadActor(context, info, task.createdByKeyId, task.createdByAgentId),
  }),
  waitingOn: t.field({
    type: [WaitingReasonEnum],
    description:
      'Why no agent is working on it right now; the first reason is enough to hold it back. Empty only if an agent is working on it, or if the task has ended. It agrees with the `status` in the same answer.',
    resolve: async (task, _args, context) => {
      const load = (ids: readonly string[]) => readWaitingOn(context.services, ids);
      return [...reasonsBeside(task.status, await loadBatched(context, 'waitingOn', task.id, load))];
    },
  }),
  candidates: t.field({
    type: [CandidateType],
    description:
      'While it waits for an agent: at most a hundred agents, first those that could take it. `waitingOn` has the reasons that concern no agent.',
    resolve: async (task, _args, context) => {
      const load = (ids: readonly string[]) => readCandidates(context.services, ids);
      return (await loadBatched(context, 'candidates', task.id, load)) ?? [];
    },
  }),
  currentRun: t.field({
    type: TaskRunType,
    nullable: true,
    description: 'The live run while the task is IN_PROGRESS.',
    resolve: (task, _args, context) =>
      task.currentRunId === null ? null : loadRow(context, 'TaskRun', task.currentRunId),
  }),
  dependsOn: t.field({
    type: [TaskType],
    complexity: LONG_LISTS.links,
    description:
      'The tasks that it depends on, by number. Of a dependency that an AGENT key may not see otherwise, it shows `id`, `ref`, `status` and, once it is DONE, `resolution`; `title` is then the ref, other nullable fields are null, and the remaining fields are refused with FORBIDDEN.',
    resolve: (task, _args, context, info) =>
      loadLinked(context, 'dependsOn', task.id, taskColumns(info), info),
  }),
  dependents: t.field({
    type: [TaskType],
    complexity: LONG_LISTS.links,
    description: 'The tasks that depend on it, by number; only the first 1,000.',
    resolve: (task, _args, context, info) =>
      loadLinked(context, 'dependents', task.id, taskColumns(info), info),
  }),
  dependencyResults: t.field({
    type: [DependencyResultType],
    complexity: LONG_LISTS.links,
    description: 'The results of its dependencies.',
    resolve: (task, _args, context, info) => readResults(task, context, info),
  }),
  inputs: t.field({
    type: [TaskInputType],
    complexity: LONG_LISTS.links,
    description: 'The same as dependencyResults.',
    deprecationReason: 'Use dependencyResults.',
    resolve: (task, _args, context, info) => readResults(task, context, info),
  }),
  runs: t.field({
    type: TaskRunConnection,
    args: connectionArgs,
    description: 'All attempts at the task, oldest first.',
    resolve: (task, args, context, info) => {
      const columns = runColumns(info, NODE_PATHS);
      return connectChildren(
        context,
        `runs:${columns}`,
        task.id,
        args,
        openRunsOfTasks(context.services, columns),
      );
    },
  }),
  reviews: t.field({
    type: ReviewConnection,
    args: connectionArgs,
    description: 'All verdicts on the task, oldest first.',
    resolve: (task, args, context) =>
      connectChildren(context, 'reviews', task.id, args, openReviewsOfTasks(context.services)),
  }),
  reviewRuns: t.field({
    type: ReviewRunConnection,
    args: connectionArgs,
    description: 'All attempts to review the task, oldest first, including those without a verdict.',
    resolve: (task, args, context, info) => {
      const columns = reviewRunColumns(info, NODE_PATHS);
      return connectChildren(
        context,
        `reviewRuns:${columns}`,
        task.id,
        args,
        openReviewRunsOfTasks(context.services, columns),
      );
    },
  }),
  comments: t.field({
    type: CommentConnection,
    args: connectionArgs,
    description: 'The comments on the task, oldest first.',
    resolve: (task, args, context) =>
      connectChildren(context, 'comments', task.id, args, openCommentsOfTasks(context.services)),
  }),
}));

function loadLinked(
  context: GraphqlContext,
  link: TaskLink,
  taskId: string,
  columns: TaskColumns,
  { schema }: Pick<GraphQLResolveInfo, 'schema'>,
): Promise<Task[]> {
  if (link === 'dependsOn' && context.viewer.agentId !== null) {
    return loadDependenciesForAgent(context, taskId, columns, schema);
  }
  const find = (ids: readonly string[], wanted: TaskColumns) =>
    findLinkedTasks(context.services, context.viewer, link, ids, wanted);
  return loadTaskList(context, link, taskId, columns, find);
}

async function readResults(
  task: Task,
  context: GraphqlContext,
  info: GraphQLResolveInfo,
): Promise<readonly DependencyResult[]> {
  const columns = taskColumns(info, [['task']]);
  const needed = columns === '*' ? columns : [...columns, 'status' as const, 'resolution' as const];
  const tasks = await loadLinked(context, 'dependsOn', task.id, needed, info);
  return tasks.map((dependency) => ({ task: dependency }));
}
