import type { Actor } from '../actor.js';

/** Which GraphQL type carries an event, and what the event says. One line here is all a new event type needs. */
interface EventKind {
  readonly graphqlType: EventGraphqlType;
  readonly meaning: string;
}

export type EventGraphqlType =
  | 'TaskCreatedEvent'
  | 'TaskUpdatedEvent'
  | 'TaskStatusChangedEvent'
  | 'TaskAssignedEvent'
  | 'TaskCommentedEvent'
  | 'TaskUnblockedEvent'
  | 'TaskDependencyFailedEvent'
  | 'RunEvent'
  | 'ReviewEvent'
  | 'AgentEvent'
  | 'ApiKeyEvent'
  | 'RecurringTaskEvent'
  | 'PipelineEvent'
  | 'SchedulerEvent';

/** Every event type of the log. The database does not know this list; the API, the filters and the docs derive from it. */
export const EVENT_KINDS = {
  'task.created': { graphqlType: 'TaskCreatedEvent', meaning: 'A task was created.' },
  'task.updated': {
    graphqlType: 'TaskUpdatedEvent',
    meaning: 'Fields of a task were edited; its status was not.',
  },
  'task.assigned': { graphqlType: 'TaskAssignedEvent', meaning: 'A task got another assignee, or lost it.' },
  'task.status_changed': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'A status change with no name of its own.',
  },
  'task.claimed': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'An agent took the task and works on it.',
  },
  'task.completed': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning:
      'Work was handed in: the task waits for a verdict, or is done where its policy skips the review.',
  },
  'task.approved': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'A reviewer approved the work: the task is done.',
  },
  'task.rejected': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'A reviewer rejected the work; another move follows.',
  },
  'task.failed': { graphqlType: 'TaskStatusChangedEvent', meaning: 'The task ended without success.' },
  'task.requeued': {
    graphqlType: 'TaskStatusChangedEvent',
    meaning: 'The task went back to its assignee: released, failed once, or taken from a silent agent.',
  },
  'task.cancelled': { graphqlType: 'TaskStatusChangedEvent', meaning: 'An operator cancelled the task.' },
  'task.unblocked': { graphqlType: 'TaskUnblockedEvent', meaning: 'The last open dependency is settled.' },
  'task.dependency_failed': {
    graphqlType: 'TaskDependencyFailedEvent',
    meaning: 'A dependency ended without success; what follows is the task’s onDependencyFailure policy.',
  },
  'task.lease_expired': {
    graphqlType: 'RunEvent',
    meaning: 'A lease ended while its agent is alive; the agent keeps the task for one grace period.',
  },
  'task.comment_added': { graphqlType: 'TaskCommentedEvent', meaning: 'Somebody commented on a task.' },
  'run.started': { graphqlType: 'RunEvent', meaning: 'An agent’s go at a task began.' },
  'run.progress': { graphqlType: 'RunEvent', meaning: 'The agent reported progress.' },
  'run.succeeded': { graphqlType: 'RunEvent', meaning: 'The run handed in a resolution.' },
  'run.failed': { graphqlType: 'RunEvent', meaning: 'The run ended with an error.' },
  'run.timed_out': { graphqlType: 'RunEvent', meaning: 'The run took longer than it may.' },
  'run.released': { graphqlType: 'RunEvent', meaning: 'The agent handed the task back.' },
  'run.requeued': { graphqlType: 'RunEvent', meaning: 'The task was taken from a silent agent.' },
  'run.cancelled': { graphqlType: 'RunEvent', meaning: 'The task was cancelled while the run was on.' },
  'review.requested': { graphqlType: 'ReviewEvent', meaning: 'A task waits for a verdict.' },
  'review.claimed': { graphqlType: 'ReviewEvent', meaning: 'A reviewer took the round.' },
  'review.submitted': {
    graphqlType: 'ReviewEvent',
    meaning: 'A verdict was recorded, superseded ones included.',
  },
  'review.requeued': {
    graphqlType: 'ReviewEvent',
    meaning:
      'A reviewer let its lease end, or a call to it never began or was handed back; the round is free again.',
  },
  'review.failed': {
    graphqlType: 'ReviewEvent',
    meaning:
      'A reviewer gave no verdict: it failed, was silent for too long, or its answer had none. It is asked again.',
  },
  'review.escalated': {
    graphqlType: 'ReviewEvent',
    meaning:
      'A reviewer failed for good: the task stays in REVIEW until a person judges it, or the reviewer is changed.',
  },
  'agent.created': { graphqlType: 'AgentEvent', meaning: 'An agent registered for the first time.' },
  'agent.updated': { graphqlType: 'AgentEvent', meaning: 'Settings of an agent changed.' },
  'agent.status_changed': {
    graphqlType: 'AgentEvent',
    meaning: 'An agent came, went, got busy, idle, or was paused.',
  },
  'recurring.created': { graphqlType: 'RecurringTaskEvent', meaning: 'A recurring task was created.' },
  'recurring.updated': { graphqlType: 'RecurringTaskEvent', meaning: 'A recurring task was edited.' },
  'recurring.paused': {
    graphqlType: 'RecurringTaskEvent',
    meaning: 'A recurring task was paused: it makes no tasks by itself.',
  },
  'recurring.resumed': {
    graphqlType: 'RecurringTaskEvent',
    meaning: 'A paused recurring task goes on; what was due meanwhile is not made up for.',
  },
  'recurring.fired': { graphqlType: 'RecurringTaskEvent', meaning: 'A recurring task has made a task.' },
  'recurring.skipped': {
    graphqlType: 'RecurringTaskEvent',
    meaning: 'A recurring task was due and has made no task; `reason` says why.',
  },
  'recurring.removed': {
    graphqlType: 'RecurringTaskEvent',
    meaning: 'A recurring task was removed; the tasks that it has made stay.',
  },
  'pipeline.created': { graphqlType: 'PipelineEvent', meaning: 'A pipeline was saved.' },
  'pipeline.updated': { graphqlType: 'PipelineEvent', meaning: 'A pipeline got other steps.' },
  'pipeline.removed': {
    graphqlType: 'PipelineEvent',
    meaning: 'A pipeline was removed; its runs go on.',
  },
  'pipeline.started': {
    graphqlType: 'PipelineEvent',
    meaning: 'A pipeline was started; all tasks of the run were created.',
  },
  'pipeline.finished': {
    graphqlType: 'PipelineEvent',
    meaning: 'None of the tasks of a pipeline run can go on by itself any more.',
  },
  'pipeline.resumed': {
    graphqlType: 'PipelineEvent',
    meaning: 'A pipeline run goes on after it had finished: a task was retried, or need not wait any more.',
  },
  'key.created': { graphqlType: 'ApiKeyEvent', meaning: 'An API key was created.' },
  'key.revoked': { graphqlType: 'ApiKeyEvent', meaning: 'An API key was revoked.' },
  'scheduler.paused': { graphqlType: 'SchedulerEvent', meaning: 'A scheduler job was paused.' },
  'scheduler.resumed': { graphqlType: 'SchedulerEvent', meaning: 'A scheduler job was resumed.' },
} as const satisfies Record<string, EventKind>;

export type EventType = keyof typeof EVENT_KINDS;

/** Every type, in the order of the list above. */
export const EVENT_TYPES: readonly EventType[] = Object.keys(EVENT_KINDS).filter(isEventType);

/** Whether the name is a type of the log. */
export function isEventType(name: string): name is EventType {
  return Object.hasOwn(EVENT_KINDS, name);
}

/** An event that a transaction is about to append. Ids name what the event is about; `payload` holds what ids can't say. */
export interface NewEvent {
  readonly type: EventType;
  readonly actor: Actor;
  readonly taskId?: string;
  /** The agent concerned: for events of a task its assignee at that moment, so that an agent's filter finds them. */
  readonly agentId?: string | null;
  readonly runId?: string | null;
  readonly reviewId?: string;
  readonly commentId?: string;
  readonly keyId?: string;
  readonly recurringTaskId?: string;
  readonly pipelineRunId?: string;
  readonly payload?: EventPayload;
  /** When that began which ends with this event. It is told and not stored. */
  readonly since?: Date | null;
}

/** What an event carries beyond ids. Every field is optional in storage; the typed GraphQL events read theirs. */
export interface EventPayload {
  readonly from?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly changedFields?: readonly string[];
  readonly assigneeId?: string | null;
  readonly previousAssigneeId?: string | null;
  readonly dependencyId?: string;
  readonly round?: number;
  readonly message?: string;
  readonly percent?: number;
  readonly job?: string;
  readonly pipelineId?: string;
}

/**
 * The event types that a filter word means: an exact type, a family before the dot (`task`), or `task.status_changed`,
 * which also means every narrower name of a status change. Null for a word that means nothing.
 */
export function expandEventFilter(word: string): readonly EventType[] | null {
  if (word === 'task.status_changed') {
    return EVENT_TYPES.filter((type) => EVENT_KINDS[type].graphqlType === 'TaskStatusChangedEvent');
  }
  if (isEventType(word)) return [word];
  const family = EVENT_TYPES.filter((type) => type.startsWith(`${word}.`));
  return family.length === 0 ? null : family;
}
