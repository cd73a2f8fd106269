import type { Actor } from '../actor.js';

/** The GraphQL type of an event, and its meaning. A new event type needs only one entry in {@link EVENT_KINDS}. */
interface EventKind {
  readonly graphqlType: EventGraphqlType;
  readonly meaning: string;
}

/** The GraphQL types of events. */
export type EventGraphqlType =
  | 'TaskCreatedEvent'
  | 'TaskUpdatedEvent'
  | 'TaskStatusChangedEvent'
  | 'TaskAssignedEvent'
  | 'TaskCommentedEvent'
  | 'TaskUnblockedEvent'
  | 'TaskDependencyFailedEvent'
  | 'TaskAssigneeOfflineEvent'
  | 'CommentMentionedEvent'
  | 'QuestionEvent'
  | 'RunEvent'
  | 'ReviewEvent'
  | 'AgentEvent'
  | 'ApiKeyEvent'
  | 'RecurringTaskEvent'
  | 'PipelineEvent'
  | 'GatewayEvent'
  | 'AttentionEvent'
  | 'WebhookEvent'
  | 'SchedulerEvent';

/**
 * Every event type of the log. The API, the filters and the docs derive from this list. The database does not check it.
 */
export const EVENT_KINDS = {
  'task.created': { graphqlType: 'TaskCreatedEvent', meaning: 'A task was created.' },
  'task.updated': {
    graphqlType: 'TaskUpdatedEvent',
    meaning: 'Fields of a task were changed, but not its status.',
  },
  'task.assigned': {
    graphqlType: 'TaskAssignedEvent',
    meaning: 'The assignee of a task was changed or removed.',
  },
  'task.status_changed': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'A status change that has no more specific event type.',
  },
  'task.claimed': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'An agent claimed the task and works on it.',
  },
  'task.completed': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning:
      'A run completed the task: it waits for a verdict, or it is done if its policy skips the review.',
  },
  'task.approved': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'A reviewer approved the work: the task is done.',
  },
  'task.rejected': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'A reviewer rejected the work; another status change follows.',
  },
  'task.failed': { graphqlType: 'TaskStatusChangedEvent', meaning: 'The task ended without success.' },
  'task.requeued': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning:
      'The task is ASSIGNED to the agent of its pin again, or back in the INBOX: it was released, an attempt failed, its work was rejected, its question was answered, or its agent let the lease end.',
  },
  'task.cancelled': { graphqlType: 'TaskStatusChangedEvent', meaning: 'An operator cancelled the task.' },
  'task.unblocked': {
    graphqlType: 'TaskUnblockedEvent',
    meaning: 'No dependency holds the task back any more.',
  },
  'task.dependency_failed': {
    graphqlType: 'TaskDependencyFailedEvent',
    meaning: 'A dependency ended without success; the task’s onDependencyFailure policy applies.',
  },
  'task.lease_expired': {
    graphqlType: 'RunEvent',
    meaning: 'A lease ended, but its agent is online and keeps the task for one grace period.',
  },
  'task.assignee_offline': {
    graphqlType: 'TaskAssigneeOfflineEvent',
    meaning:
      'The agent of a task is offline, and the task waits for it: because the agent was named, or until its lease ends.',
  },
  'task.comment_added': { graphqlType: 'TaskCommentedEvent', meaning: 'A comment was added to a task.' },
  'run.started': { graphqlType: 'RunEvent', meaning: 'A run started: one attempt by one agent at one task.' },
  'run.progress': { graphqlType: 'RunEvent', meaning: 'The agent reported progress.' },
  'run.succeeded': { graphqlType: 'RunEvent', meaning: 'The run completed with a resolution.' },
  'run.failed': { graphqlType: 'RunEvent', meaning: 'The run ended with an error.' },
  'run.timed_out': { graphqlType: 'RunEvent', meaning: 'The run exceeded its time limit.' },
  'run.released': { graphqlType: 'RunEvent', meaning: 'The agent or the server released the task.' },
  'run.requeued': {
    graphqlType: 'RunEvent',
    meaning: 'The run lost its task because its agent let the lease end.',
  },
  'run.cancelled': { graphqlType: 'RunEvent', meaning: 'The task was cancelled during the run.' },
  'run.suspended': {
    graphqlType: 'RunEvent',
    meaning: 'The run ended with a question; its task waits for the answer.',
  },
  'question.asked': { graphqlType: 'QuestionEvent', meaning: 'An agent asked a question about its task.' },
  'question.answered': {
    graphqlType: 'QuestionEvent',
    meaning: 'A question was answered, or its default became the answer at the deadline.',
  },
  'question.withdrawn': {
    graphqlType: 'QuestionEvent',
    meaning: 'A question was withdrawn: the agent goes on without an answer.',
  },
  'question.expired': {
    graphqlType: 'QuestionEvent',
    meaning: 'The deadline of a question passed without an answer, which fails its task.',
  },
  'question.escalated': {
    graphqlType: 'QuestionEvent',
    meaning: 'The deadline of a question passed without an answer; the question stays open.',
  },
  'comment.mentioned': {
    graphqlType: 'CommentMentionedEvent',
    meaning: 'A comment names an agent as @name. The agent sees this event even if it may not see the task.',
  },
  'review.requested': { graphqlType: 'ReviewEvent', meaning: 'A task waits for a verdict.' },
  'review.claimed': { graphqlType: 'ReviewEvent', meaning: 'A reviewer claimed the review round.' },
  'review.submitted': {
    graphqlType: 'ReviewEvent',
    meaning: 'A verdict was recorded, even if it is superseded.',
  },
  'review.requeued': {
    graphqlType: 'ReviewEvent',
    meaning:
      'The round is free again: its reviewer let the lease end, or the call to it never started or was released.',
  },
  'review.failed': {
    graphqlType: 'ReviewEvent',
    meaning:
      'A reviewer gave no verdict: it failed, did not answer in time, or its answer had none. The review is retried.',
  },
  'review.escalated': {
    graphqlType: 'ReviewEvent',
    meaning:
      'A reviewer failed permanently: the task stays in REVIEW until a person judges it or the reviewer is changed.',
  },
  'agent.created': { graphqlType: 'AgentEvent', meaning: 'An agent registered for the first time.' },
  'agent.updated': { graphqlType: 'AgentEvent', meaning: 'Settings of an agent changed.' },
  'agent.status_changed': {
    graphqlType: 'AgentEvent',
    meaning: 'The status of an agent changed.',
  },
  'recurring.created': { graphqlType: 'RecurringTaskEvent', meaning: 'A recurring task was created.' },
  'recurring.updated': { graphqlType: 'RecurringTaskEvent', meaning: 'A recurring task was edited.' },
  'recurring.paused': {
    graphqlType: 'RecurringTaskEvent',
    meaning: 'A recurring task was paused: its schedule creates no tasks.',
  },
  'recurring.resumed': {
    graphqlType: 'RecurringTaskEvent',
    meaning: 'A paused recurring task was resumed; no tasks are created for due times during the pause.',
  },
  'recurring.fired': { graphqlType: 'RecurringTaskEvent', meaning: 'A recurring task has created a task.' },
  'recurring.skipped': {
    graphqlType: 'RecurringTaskEvent',
    meaning: 'A recurring task was due but created no task; `reason` says why.',
  },
  'recurring.removed': {
    graphqlType: 'RecurringTaskEvent',
    meaning: 'A recurring task was removed; the tasks that it created stay.',
  },
  'pipeline.created': { graphqlType: 'PipelineEvent', meaning: 'A pipeline was created.' },
  'pipeline.updated': { graphqlType: 'PipelineEvent', meaning: 'The steps of a pipeline were changed.' },
  'pipeline.removed': {
    graphqlType: 'PipelineEvent',
    meaning: 'A pipeline was removed; its runs continue.',
  },
  'pipeline.started': {
    graphqlType: 'PipelineEvent',
    meaning: 'A pipeline was started; all tasks of the run were created.',
  },
  'pipeline.finished': {
    graphqlType: 'PipelineEvent',
    meaning: 'No task of a pipeline run can continue by itself any more.',
  },
  'pipeline.resumed': {
    graphqlType: 'PipelineEvent',
    meaning: 'A finished pipeline run continues: a task was retried or is no longer held back.',
  },
  'key.created': { graphqlType: 'ApiKeyEvent', meaning: 'An API key was created.' },
  'key.revoked': { graphqlType: 'ApiKeyEvent', meaning: 'An API key was revoked.' },
  'gateway.unreachable': {
    graphqlType: 'GatewayEvent',
    meaning: 'A gateway does not answer. The tasks of its agents wait; no attempt is counted.',
  },
  'gateway.broken': {
    graphqlType: 'GatewayEvent',
    meaning:
      'A gateway refuses every call; `message` says what to do. Its tasks wait; no attempt is counted.',
  },
  'gateway.reachable': { graphqlType: 'GatewayEvent', meaning: 'A gateway takes calls again.' },
  'attention.acknowledged': {
    graphqlType: 'AttentionEvent',
    meaning: 'A person has acknowledged an item of `needsAttention`.',
  },
  'webhook.created': { graphqlType: 'WebhookEvent', meaning: 'A webhook was created.' },
  'webhook.updated': {
    graphqlType: 'WebhookEvent',
    meaning: 'A webhook was edited, or its secret was replaced.',
  },
  'webhook.paused': {
    graphqlType: 'WebhookEvent',
    meaning: 'A webhook was paused: by a person, or by the server if there is a reason.',
  },
  'webhook.resumed': { graphqlType: 'WebhookEvent', meaning: 'A paused webhook was resumed.' },
  'webhook.replayed': {
    graphqlType: 'WebhookEvent',
    meaning: 'A webhook was set to another place in the log, from which it delivers again.',
  },
  'webhook.removed': { graphqlType: 'WebhookEvent', meaning: 'A webhook was removed.' },
  'webhook.failing': {
    graphqlType: 'WebhookEvent',
    meaning: 'Three deliveries of a webhook in a row have failed; they are retried.',
  },
  'webhook.recovered': { graphqlType: 'WebhookEvent', meaning: 'A failing webhook delivers again.' },
  'scheduler.paused': { graphqlType: 'SchedulerEvent', meaning: 'A scheduler job was paused.' },
  'scheduler.resumed': { graphqlType: 'SchedulerEvent', meaning: 'A scheduler job was resumed.' },
} as const satisfies Record<string, EventKind>;

/** An event type of the log. */
export type EventType = keyof typeof EVENT_KINDS;

/** Every event type, in the order of {@link EVENT_KINDS}. */
export const EVENT_TYPES: readonly EventType[] = Object.keys(EVENT_KINDS).filter(isEventType);

/** Whether the name is an event type. */
export function isEventType(name: string): name is EventType {
  return Object.hasOwn(EVENT_KINDS, name);
}

/** An event for a transaction to append. The ids name the objects that it is about. The payload has all other data. */
export interface NewEvent {
  readonly type: EventType;
  readonly actor: Actor;
  readonly taskId?: string;
  /**
   * The agent that the event is about. For events of a task, its assignee at that moment, so that filters by agent
   * match.
   */
  readonly agentId?: string | null;
  readonly runId?: string | null;
  readonly reviewId?: string;
  readonly commentId?: string;
  readonly keyId?: string;
  readonly recurringTaskId?: string;
  readonly pipelineRunId?: string;
  readonly payload?: EventPayload;
  /** Start of the activity that this event ends. For traces only, not stored. */
  readonly since?: Date | null;
}

/** The payload of an event. Every field is optional in storage. Each typed GraphQL event reads its own fields. */
export interface EventPayload {
  readonly from?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly changedFields?: readonly string[];
  readonly assigneeId?: string | null;
  readonly previousAssigneeId?: string | null;
  readonly dependencyId?: string;
  readonly round?: number;
  readonly reviewRunId?: string;
  readonly questionId?: string;
  readonly message?: string;
  readonly percent?: number;
  readonly job?: string;
  readonly pipelineId?: string;
  readonly gateway?: string;
  readonly itemId?: string;
  readonly webhookId?: string;
}

/**
 * Expands a word of an event filter into event types. A word is an exact type, a family (the part before the dot, such
 * as `task`), or `task.status_changed`, which includes every more specific type of a status change. Null for other
 * words.
 */
export function expandEventFilter(word: string): readonly EventType[] | null {
  if (word === 'task.status_changed') {
    return EVENT_TYPES.filter((type) => EVENT_KINDS[type].graphqlType === 'TaskStatusChangedEvent');
  }
  if (isEventType(word)) return [word];
  const family = EVENT_TYPES.filter((type) => type.startsWith(`${word}.`));
  return family.length === 0 ? null : family;
}
