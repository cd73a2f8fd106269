import { EVENT_KINDS } from '../../domain/events/event-types.js';
import { TASK_STATUSES, type TaskStatus } from '../../domain/tasks/task-status.js';
import type { LogEntry } from '../../feed/hub.js';
import { AgentType } from '../agents/agent.js';
import { TaskStatusEnum } from '../base/enums.js';
import { loadAgent, loadRow, loadTask, loadTaskById } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { ReviewType } from '../reviews/review.js';
import { TaskRunType } from '../runs/task-run.js';
import { CommentType } from '../tasks/comment.js';
import { TaskType } from '../tasks/task.js';
import { eventInterfaces, payloadOf, typeNameOf } from './event.js';

const TaskEventInterface = builder.interfaceRef<LogEntry>('TaskEvent').implement({
  description: 'An event about a task.',
  interfaces: eventInterfaces,
  resolveType: typeNameOf,
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      nullable: true,
      description:
        'The current task. Null if this key may no longer see it: an agent cannot see a task that another agent has taken.',
      resolve: ({ taskId }, _args, context, info) =>
        taskId === null ? null : loadTask(context, info, taskId),
    }),
  }),
});

/** The interfaces of every event about a task. */
export const taskEventInterfaces = [...eventInterfaces, TaskEventInterface];

builder.objectRef<LogEntry>('TaskCreatedEvent').implement({
  description: EVENT_KINDS['task.created'].meaning,
  interfaces: taskEventInterfaces,
});

builder.objectRef<LogEntry>('TaskUpdatedEvent').implement({
  description: EVENT_KINDS['task.updated'].meaning,
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    changedFields: t.stringList({
      description: 'The fields of Task that changed.',
      resolve: (event) => [...(payloadOf(event).changedFields ?? [])],
    }),
  }),
});

builder.objectRef<LogEntry>('TaskStatusChangedEvent').implement({
  description:
    'A task changed its status. `type` is the most specific name: task.claimed, task.completed, task.approved, task.rejected, task.failed, task.requeued, task.cancelled, otherwise task.status_changed.',
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    from: t.field({
      type: TaskStatusEnum,
      description: 'The previous status.',
      resolve: (event) => statusIn(event, 'from'),
    }),
    to: t.field({
      type: TaskStatusEnum,
      description: 'The new status.',
      resolve: (event) => statusIn(event, 'to'),
    }),
    reason: t.string({
      nullable: true,
      description: 'The reason, if `type` does not already say it.',
      resolve: (event) => payloadOf(event).reason ?? null,
    }),
    run: t.field({
      type: TaskRunType,
      nullable: true,
      description: 'The run concerned, if any.',
      resolve: ({ runId }, _args, context) => (runId === null ? null : loadRow(context, 'TaskRun', runId)),
    }),
  }),
});

builder.objectRef<LogEntry>('TaskAssignedEvent').implement({
  description: EVENT_KINDS['task.assigned'].meaning,
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    assignee: t.field({
      type: AgentType,
      nullable: true,
      description: 'The new assignee; null means the inbox.',
      resolve: (event, _args, context, info) => {
        const { assigneeId } = payloadOf(event);
        return assigneeId ? loadAgent(context, info, assigneeId) : null;
      },
    }),
    previousAssignee: t.field({
      type: AgentType,
      nullable: true,
      description: 'The previous assignee.',
      resolve: (event, _args, context, info) => {
        const { previousAssigneeId } = payloadOf(event);
        return previousAssigneeId ? loadAgent(context, info, previousAssigneeId) : null;
      },
    }),
  }),
});

builder.objectRef<LogEntry>('TaskCommentedEvent').implement({
  description: EVENT_KINDS['task.comment_added'].meaning,
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    comment: t.field({
      type: CommentType,
      nullable: true,
      description: 'The comment.',
      resolve: ({ commentId }, _args, context) =>
        commentId === null ? null : loadRow(context, 'Comment', commentId),
    }),
  }),
});

builder.objectRef<LogEntry>('CommentMentionedEvent').implement({
  description: EVENT_KINDS['comment.mentioned'].meaning,
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    agent: t.field({
      type: AgentType,
      nullable: true,
      description: 'The agent that the comment names.',
      resolve: ({ agentId }, _args, context, info) =>
        agentId === null ? null : loadAgent(context, info, agentId),
    }),
    comment: t.field({
      type: CommentType,
      nullable: true,
      description: 'The comment. Null if this key may not see its task.',
      resolve: async ({ taskId, commentId }, _args, context) => {
        if (taskId === null || commentId === null) return null;
        const isSeen = (await loadTaskById(context, ['id'], taskId)) !== null;
        return isSeen ? loadRow(context, 'Comment', commentId) : null;
      },
    }),
    message: t.string({
      nullable: true,
      description: 'The beginning of the comment, also for an agent that may not see the task.',
      resolve: (event) => payloadOf(event).message ?? null,
    }),
  }),
});

builder.objectRef<LogEntry>('TaskUnblockedEvent').implement({
  description: EVENT_KINDS['task.unblocked'].meaning,
  interfaces: taskEventInterfaces,
});

builder.objectRef<LogEntry>('TaskDependencyFailedEvent').implement({
  description: EVENT_KINDS['task.dependency_failed'].meaning,
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    dependency: t.field({
      type: TaskType,
      nullable: true,
      description: 'The task that ended without success, if this key may see it.',
      resolve: (event, _args, context, info) => {
        const { dependencyId } = payloadOf(event);
        return dependencyId === undefined ? null : loadTask(context, info, dependencyId);
      },
    }),
  }),
});

builder.objectRef<LogEntry>('TaskAssigneeOfflineEvent').implement({
  description: EVENT_KINDS['task.assignee_offline'].meaning,
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    reason: t.string({
      nullable: true,
      description: 'What the task waits for, and what can be done.',
      resolve: (event) => payloadOf(event).reason ?? null,
    }),
  }),
});

builder.objectRef<LogEntry>('RunEvent').implement({
  description: 'A run began, reported progress, ended, or its lease expired.',
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    run: t.field({
      type: TaskRunType,
      nullable: true,
      description: 'The current run.',
      resolve: ({ runId }, _args, context) => (runId === null ? null : loadRow(context, 'TaskRun', runId)),
    }),
    message: t.string({
      nullable: true,
      description: 'The reported message, for run.progress.',
      resolve: (event) => payloadOf(event).message ?? null,
    }),
    percent: t.float({
      nullable: true,
      description: 'The reported percentage, for run.progress.',
      resolve: (event) => payloadOf(event).percent ?? null,
    }),
  }),
});

builder.objectRef<LogEntry>('ReviewEvent').implement({
  description: 'A review was requested, started, requeued, escalated, failed, or got its verdict.',
  interfaces: taskEventInterfaces,
  fields: (t) => ({
    review: t.field({
      type: ReviewType,
      nullable: true,
      description: 'The review, for review.submitted.',
      resolve: ({ reviewId }, _args, context) =>
        reviewId === null ? null : loadRow(context, 'QualityReview', reviewId),
    }),
    round: t.int({
      nullable: true,
      description: 'The review round of the task, starting at 1.',
      resolve: (event) => payloadOf(event).round ?? null,
    }),
    reason: t.string({
      nullable: true,
      description: 'The reason, for review.requeued, review.failed and review.escalated.',
      resolve: (event) => payloadOf(event).reason ?? null,
    }),
  }),
});

/** Every status change is recorded with both statuses. */
function statusIn(event: LogEntry, end: 'from' | 'to'): TaskStatus {
  const status = TASK_STATUSES.find((one) => one === payloadOf(event)[end]);
  if (status === undefined) throw new Error(`Event ${event.id} has no valid status in "${end}"`);
  return status;
}
