import type { TaskRun } from '../../generated/prisma/client.js';
import { isId } from '../../kernel/ids.js';
import { listAnswers, listQuestionsOfClaim } from '../../services/questions/read-questions.js';
import { releaseReview } from '../../services/reviews/release-review.js';
import { type ClaimAnswer, claimNextTask } from '../../services/runs/claim-next-task.js';
import { type CompletedTask, completeTask } from '../../services/runs/complete-task.js';
import { failTask } from '../../services/runs/fail-task.js';
import { type Heartbeat, heartbeat } from '../../services/runs/heartbeat.js';
import { releaseTask } from '../../services/runs/release-task.js';
import { renewLease, reportProgress } from '../../services/runs/renew-lease.js';
import { listCommentsOfClaim } from '../../services/tasks/read-comments.js';
import { AgentType } from '../agents/agent.js';
import { answer, payloadType } from '../base/payloads.js';
import { withoutPlace } from '../base/places.js';
import { agentColumns, runColumns, taskColumns } from '../base/selected-columns.js';
import { builder } from '../builder.js';
import type { GraphqlContext } from '../context.js';
import { QuestionType } from '../questions/question.js';
import { CommentType } from '../tasks/comment.js';
import { TaskType } from '../tasks/task.js';
import { TaskPayload } from '../tasks/task-mutations.js';
import { LostRunType } from './lost-run.js';
import { claimColumns, findNextClaim, takeMadeClaim } from './next-claim.js';
import {
  ClaimNextTaskInput,
  ClaimReasonEnum,
  CompleteTaskInput,
  FailTaskInput,
  HeartbeatInput,
  ReleaseTaskInput,
  ReportProgressInput,
  RunInput,
} from './run-inputs.js';
import { TaskRunType } from './task-run.js';

const ClaimNextTaskPayload = payloadType<ClaimAnswer>('ClaimNextTaskPayload', 'The answer of claimNextTask.');
builder.objectFields(ClaimNextTaskPayload, (t) => ({
  reason: t.field({
    type: ClaimReasonEnum,
    nullable: true,
    description: 'The outcome; null if the claim was refused.',
    resolve: ({ result }) => result?.reason,
  }),
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'The task, with ASSIGNED and CONTINUE_CURRENT.',
    resolve: ({ result }) => result?.task,
  }),
  run: t.field({
    type: TaskRunType,
    nullable: true,
    description: 'The run that was started or continued. Send its id with every later mutation of the task.',
    resolve: ({ result }) => result?.run,
  }),
  questions: t.field({
    type: [QuestionType],
    nullable: true,
    description:
      'The questions about the task that were answered or withdrawn, oldest first, at most the newest 50. Null without a task.',
    resolve: async ({ result }, _args, { services }) =>
      result?.run ? [...(await listQuestionsOfClaim(services, result.run))] : null,
  }),
  comments: t.field({
    type: [CommentType],
    nullable: true,
    description:
      'What people have commented since the last run began that handed in a result, oldest first, at most the newest 50. Null without a task.',
    resolve: async ({ result }, _args, { services }) =>
      result?.run ? [...(await listCommentsOfClaim(services, result.run.taskId))] : null,
  }),
  nextEligibleAt: t.field({
    type: 'DateTime',
    nullable: true,
    description: 'When the next waiting task becomes eligible, if known.',
    resolve: ({ result }) => result?.nextEligibleAt,
  }),
}));

const TaskRunPayload = payloadType<TaskRun>('TaskRunPayload', 'The answer of a mutation of one run.');
builder.objectFields(TaskRunPayload, (t) => ({
  run: t.field({
    type: TaskRunType,
    nullable: true,
    description: 'The current run; null if the mutation was refused.',
    resolve: (payload) => payload.result,
  }),
}));

const CompleteTaskPayload = payloadType<CompletedTask>('CompleteTaskPayload', 'The answer of completeTask.');
builder.objectFields(CompleteTaskPayload, (t) => ({
  task: t.field({
    type: TaskType,
    nullable: true,
    description: 'The current task; null if the mutation was refused.',
    resolve: (payload) => payload.result,
  }),
  followUps: t.field({
    type: [TaskType],
    nullable: true,
    description: 'The follow-up tasks in the order of the input; null if the mutation was refused.',
    resolve: ({ result }) => (result === null ? null : [...result.followUps]),
  }),
}));

const HeartbeatPayload = payloadType<Heartbeat>('HeartbeatPayload', 'The answer of heartbeat.');
builder.objectFields(HeartbeatPayload, (t) => ({
  agent: t.field({
    type: AgentType,
    nullable: true,
    description: 'The agent; null if the mutation was refused.',
    resolve: ({ result }) => result?.agent,
  }),
  runs: t.field({
    type: [TaskRunType],
    nullable: true,
    description: 'The live runs of the agent, with renewed leases.',
    resolve: ({ result }) => (result === null ? null : [...result.runs]),
  }),
  lostRuns: t.field({
    type: [LostRunType],
    nullable: true,
    description:
      'The runs and reviews that the agent lost in the last hour, ended by the server or by another, latest first: stop working on them. Each heartbeat reports them again; with `runIds`, only those that it names.',
    resolve: ({ result }) => (result === null ? null : [...result.lostRuns]),
  }),
  answers: t.field({
    type: [QuestionType],
    nullable: true,
    description:
      'The questions with `blocking: false` of the live runs that were answered or withdrawn, oldest first. Each heartbeat reports them again, because its answer may be lost.',
    resolve: async ({ result }, _args, { services }) =>
      result === null
        ? null
        : [
            ...(await listAnswers(
              services,
              result.runs.map(({ id }) => id),
            )),
          ],
  }),
  lostRunIds: t.idList({
    nullable: true,
    description: 'The ids of `lostRuns`.',
    resolve: ({ result }) => (result === null ? null : result.lostRuns.map(({ id }) => id)),
  }),
}));

builder.mutationFields((t) => ({
  claimNextTask: t.field({
    type: ClaimNextTaskPayload,
    authScopes: { agent: true },
    description:
      'Assigns the first eligible task of the queue to the agent and starts a run, atomically. If there is none, `reason` says so; that is not an error.',
    args: {
      input: t.arg({ type: ClaimNextTaskInput, required: true, description: 'The agent and its lease.' }),
    },
    resolve: (_root, { input }, context, info) => {
      const { services, viewer, place } = context;
      const made = takeMadeClaim(context, info);
      const claim = () =>
        claimNextTask(services, viewer, input, signalFor(input, context), claimColumns(info), made);
      return answer(withoutPlace(place, claim));
    },
  }),
  heartbeat: t.field({
    type: HeartbeatPayload,
    authScopes: { agent: true },
    description: 'Records that the agent is alive and renews all its leases.',
    args: { input: t.arg({ type: HeartbeatInput, required: true, description: 'The agent.' }) },
    resolve: (_root, { input }, { services, viewer }, info) =>
      answer(
        heartbeat(services, viewer, input, {
          agent: agentColumns(info, [['agent']]),
          runs: runColumns(info, [['runs']]),
        }),
      ),
  }),
  renewLease: t.field({
    type: TaskRunPayload,
    authScopes: { agent: true },
    description: 'Renews the lease of one live run, counted from now.',
    args: { input: t.arg({ type: RunInput, required: true, description: 'The run.' }) },
    resolve: (_root, { input }, { services, viewer }, info) =>
      answer(renewLease(services, viewer, input, runColumns(info, [['run']]))),
  }),
  reportProgress: t.field({
    type: TaskRunPayload,
    authScopes: { agent: true },
    description: 'Reports the progress of a live run. Extends no lease.',
    args: {
      input: t.arg({ type: ReportProgressInput, required: true, description: 'The run and its progress.' }),
    },
    resolve: (_root, { input }, { services, viewer }, info) =>
      answer(reportProgress(services, viewer, input, runColumns(info, [['run']]))),
  }),
  completeTask: t.field({
    type: CompleteTaskPayload,
    authScopes: { agent: true },
    description:
      'Submits the result of a live run. The task moves to REVIEW, or to DONE if it needs no verdict. The same call with the same run and resolution is answered again: the first one decided, and other `usage` or `followUps` change nothing.',
    args: {
      input: t.arg({ type: CompleteTaskInput, required: true, description: 'The run and its result.' }),
    },
    resolve: (_root, { input }, context, info) => {
      const { services, viewer, place } = context;
      const columns = taskColumns(info, [['task']]);
      const next = findNextClaim(context, info);
      return answer(next.then((claim) => completeTask(services, viewer, input, columns, claim, place)));
    },
  }),
  failTask: t.field({
    type: TaskPayload,
    authScopes: { agent: true },
    description:
      'Ends a live run with an error. For a retry the task returns to the assignee that was named, or to the inbox after a backoff; it is FAILED after the fifth failed attempt, or with `retry: false`. The same call with the same run and error is answered again: the first one decided, and another `retry` changes nothing.',
    args: { input: t.arg({ type: FailTaskInput, required: true, description: 'The run and its error.' }) },
    resolve: (_root, { input }, { services, viewer }, info) =>
      answer(failTask(services, viewer, input, taskColumns(info, [['task']]))),
  }),
  releaseTask: t.field({
    type: TaskPayload,
    authScopes: { agent: true },
    description:
      'Releases a task: to the inbox, or back to its agent if that was named. With `pass` another agent gets it. It does not count as a failed attempt. The same call with the same run and reason is answered again: the first one decided, and another `pass` or `to` changes nothing. A claimed review is given back too, by the id of its run: the task stays in REVIEW, and any reviewer can claim the round.',
    args: { input: t.arg({ type: ReleaseTaskInput, required: true, description: 'The run.' }) },
    resolve: (_root, { input }, { services, viewer }, info) =>
      answer(
        isId('rvr', input.runId)
          ? releaseReview(services, viewer, input)
          : releaseTask(services, viewer, input, taskColumns(info, [['task']])),
      ),
  }),
}));

const NEVER_ABORTED = new AbortController().signal;

/** Only a waiting claim checks whether its caller is still connected. Reading `context.signal` creates the signal. */
function signalFor(input: { waitSeconds?: number | null | undefined }, context: GraphqlContext): AbortSignal {
  return input.waitSeconds ? context.signal : NEVER_ABORTED;
}
