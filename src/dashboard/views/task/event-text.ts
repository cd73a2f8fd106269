import type { LogEvent } from '../../../sdk/index.js';
import { lookOf, sentence } from '../../parts/words.js';

/** How a line of a timeline looks. */
export type EventTone = 'quiet' | 'good' | 'bad' | 'warning' | 'normal';

const tones: Readonly<Record<string, EventTone>> = {
  'task.approved': 'good',
  'task.failed': 'bad',
  'task.rejected': 'warning',
  'task.requeued': 'warning',
  'task.cancelled': 'warning',
  'task.dependency_failed': 'bad',
  'task.lease_expired': 'warning',
  'task.assignee_offline': 'warning',
  'run.failed': 'bad',
  'run.timed_out': 'bad',
  'run.requeued': 'warning',
  'run.progress': 'quiet',
  'run.succeeded': 'quiet',
  'run.started': 'quiet',
  'review.failed': 'bad',
  'review.escalated': 'bad',
};

/** Whether the event reports a failure, for the filter. */
export function isFailure({ type }: LogEvent): boolean {
  return ['bad', 'warning'].includes(tones[type] ?? '');
}

/** How the line of an event looks. */
export function toneOf({ type }: LogEvent): EventTone {
  return tones[type] ?? 'normal';
}

/** What an event says, in one line. */
export function eventText(event: LogEvent): string {
  const what = sentence(event.type.slice(event.type.indexOf('.') + 1));
  switch (event.__typename) {
    case 'TaskStatusChangedEvent': {
      const to = `${lookOf(event.from).word} → ${lookOf(event.to).word}`;
      return [`${what}: ${to}`, event.reason].filter(Boolean).join('. ');
    }
    case 'TaskAssignedEvent':
      return event.assignee ? `Assigned to ${event.assignee.name}` : 'Returned to the inbox';
    case 'TaskUpdatedEvent':
      return `Changed ${event.changedFields.join(', ')}`;
    case 'RunEvent':
      return `${runWord(event.run)} ${what.toLowerCase()}${detailOf(event)}`;
    case 'ReviewEvent':
      return `Review ${event.round ?? ''} ${what.toLowerCase()}${event.review ? `: ${event.review.verdict.toLowerCase()}` : ''}${event.reason ? `. ${event.reason}` : ''}`;
    case 'TaskDependencyFailedEvent':
      return `Dependency ${event.dependency?.ref ?? ''} failed`;
    case 'TaskAssigneeOfflineEvent':
      return `Its agent is offline${event.reason ? `: ${event.reason}` : ''}`;
    case 'TaskCreatedEvent':
    case 'TaskCommentedEvent':
    case 'TaskUnblockedEvent':
    case 'AgentEvent':
    case 'ApiKeyEvent':
    case 'PipelineEvent':
    case 'RecurringTaskEvent':
    case 'SchedulerEvent':
    case 'AttentionEvent':
    case 'GatewayEvent':
      return what;
  }
}

function runWord(run: { readonly number: number } | null): string {
  return run ? `Attempt ${run.number}` : 'Attempt';
}

function detailOf({
  message,
  percent,
}: {
  readonly message: string | null;
  readonly percent: number | null;
}): string {
  const share = percent === null ? '' : ` (${percent} %)`;
  return message ? `: ${message}${share}` : share;
}
