import { EVENT_KINDS } from '../../domain/events/event-types.js';
import { TASK_STATUSES, type TaskStatus } from '../../domain/task-status.js';
import type { LogEntry } from '../../feed/hub.js';
import { AgentType } from '../agents/agent.js';
import { TaskStatusEnum } from '../base/enums.js';
import { loadAgent, loadRow, loadTask } from '../base/row-loads.js';
import { builder } from '../builder.js';
import { ReviewType } from '../reviews/review.js';
import { TaskRunType } from '../runs/task-run.js';
import { CommentType } from '../tasks/comment.js';
import { TaskType } from '../tasks/task.js';
import { ofEvent, payloadOf, typeNameOf } from './event.js';

const TaskEventInterface = builder.interfaceRef<LogEntry>('TaskEvent').implement({
  description: 'An event in the life of a task.',
  interfaces: ofEvent,
  resolveType: typeNameOf,
  fields: (t) => ({
    task: t.field({
      type: TaskType,
      nullable: true,
      description:
        'The task as it is now. Null once this key may no longer see it: an agent loses sight of what another has taken.',
      resolve: ({ taskId }, _args, context, info) =>
        taskId === null ? null : loadTask(context, info, taskId),
    }),
  }),
});

const ofTask = [...ofEvent, TaskEventInterface];

builder.objectRef<LogEntry>('TaskCreatedEvent').implement({
  description: EVENT_KINDS['task.created'].meaning,
  interfaces: ofTask,
});

builder.objectRef<LogEntry>('TaskUpdatedEvent').implement({
  description: EVENT_KINDS['task.updated'].meaning,
  interfaces: ofTask,
  fields: (t) => ({
    changedFields: t.stringList({
      description: 'The fields of Task that have new values.',
      resolve: (event) => [...(payloadOf(event).changedFields ?? [])],
    }),
  }),
});

builder.objectRef<LogEntry>('TaskStatusChangedEvent').implement({
  description:
    'A task moved. `type` is the most telling name: task.claimed, task.completed, task.approved, task.rejected, task.failed, task.requeued, task.cancelled, else task.status_changed.',
  interfaces: ofTask,
  fields: (t) => ({
    from: t.field({
      type: TaskStatusEnum,
      description: 'Where it stood.',
      resolve: (event) => statusIn(event, 'from'),
    }),
    to: t.field({
      type: TaskStatusEnum,
      description: 'Where it went.',
      resolve: (event) => statusIn(event, 'to'),
    }),
    reason: t.string({
      nullable: true,
      description: 'Why, where there is more to say than the name of the event does.',
      resolve: (event) => payloadOf(event).reason ?? null,
    }),
    run: t.field({
      type: TaskRunType,
      nullable: true,
      description: 'The run that it was about, if any.',
      resolve: ({ runId }, _args, context) => (runId === null ? null : loadRow(context, 'TaskRun', runId)),
    }),
  }),
});

builder.objectRef<LogEntry>('TaskAssignedEvent').implement({
  description: EVENT_KINDS['task.assigned'].meaning,
  interfaces: ofTask,
  fields: (t) => ({
    assignee: t.field({
      type: AgentType,
      nullable: true,
      description: 'Who has it from then on; null is the inbox.',
      resolve: (event, _args, context, info) => {
        const { assigneeId } = payloadOf(event);
        return assigneeId ? loadAgent(context, info, assigneeId) : null;
      },
    }),
    previousAssignee: t.field({
      type: AgentType,
      nullable: true,
      description: 'Who had it before.',
      resolve: (event, _args, context, info) => {
        const { previousAssigneeId } = payloadOf(event);
        return previousAssigneeId ? loadAgent(context, info, previousAssigneeId) : null;
      },
    }),
  }),
});

builder.objectRef<LogEntry>('TaskCommentedEvent').implement({
  description: EVENT_KINDS['task.comment_added'].meaning,
  interfaces: ofTask,
  fields: (t) => ({
    comment: t.field({
      type: CommentType,
      nullable: true,
      description: 'What was said.',
      resolve: ({ commentId }, _args, context) =>
        commentId === null ? null : loadRow(context, 'Comment', commentId),
    }),
  }),
});

builder.objectRef<LogEntry>('TaskUnblockedEvent').implement({
  description: EVENT_KINDS['task.unblocked'].meaning,
  interfaces: ofTask,
});

builder.objectRef<LogEntry>('TaskDependencyFailedEvent').implement({
  description: EVENT_KINDS['task.dependency_failed'].meaning,
  interfaces: ofTask,
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

builder.objectRef<LogEntry>('RunEvent').implement({
  description: 'A run began, reported, ended or let its lease pass.',
  interfaces: ofTask,
  fields: (t) => ({
    run: t.field({
      type: TaskRunType,
      nullable: true,
      description: 'The run as it is now.',
      resolve: ({ runId }, _args, context) => (runId === null ? null : loadRow(context, 'TaskRun', runId)),
    }),
    message: t.string({
      nullable: true,
      description: 'What the agent reported, with run.progress.',
      resolve: (event) => payloadOf(event).message ?? null,
    }),
    percent: t.float({
      nullable: true,
      description: 'How far it says it is, with run.progress.',
      resolve: (event) => payloadOf(event).percent ?? null,
    }),
  }),
});

builder.objectRef<LogEntry>('ReviewEvent').implement({
  description: 'A verdict is asked for, being worked on, or given.',
  interfaces: ofTask,
  fields: (t) => ({
    review: t.field({
      type: ReviewType,
      nullable: true,
      description: 'The verdict, with review.submitted.',
      resolve: ({ reviewId }, _args, context) =>
        reviewId === null ? null : loadRow(context, 'QualityReview', reviewId),
    }),
    round: t.int({
      nullable: true,
      description: 'Which hand-in it is about, from 1.',
      resolve: (event) => payloadOf(event).round ?? null,
    }),
    reason: t.string({
      nullable: true,
      description: 'Why, with review.requeued, review.failed and review.escalated.',
      resolve: (event) => payloadOf(event).reason ?? null,
    }),
  }),
});

/** Every move is written with both ends. */
function statusIn(event: LogEntry, end: 'from' | 'to'): TaskStatus {
  const status = TASK_STATUSES.find((one) => one === payloadOf(event)[end]);
  if (status === undefined) throw new Error(`Event ${event.id} does not say ${end} where the task moved`);
  return status;
}
