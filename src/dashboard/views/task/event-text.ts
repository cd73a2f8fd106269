import type { LogEvent } from '../../../sdk/index.js';
import { agentLook, lookOf, sentence } from '../../parts/words.js';

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

type Kind = LogEvent['__typename'];
type Text<Name extends Kind> = (
  event: Extract<LogEvent, { readonly __typename: Name }>,
  what: string,
) => string;

/** The lines of the events that say more than their name. */
const texts: { readonly [Name in Kind]?: Text<Name> } = {
  TaskStatusChangedEvent: ({ from, to, reason }, what) =>
    [`${what}: ${lookOf(from).word} → ${lookOf(to).word}`, reason].filter(Boolean).join('. '),
  TaskAssignedEvent: ({ assignee }) => (assignee ? `Assigned to ${assignee.name}` : 'Returned to the inbox'),
  TaskUpdatedEvent: ({ changedFields }) => `Changed ${changedFields.join(', ')}`,
  RunEvent: (event, what) => `${runWord(event.run)} ${what.toLowerCase()}${detailOf(event)}`,
  ReviewEvent: ({ round, review, reason }, what) =>
    [
      `Review ${round ?? ''} ${what.toLowerCase()}${review ? `: ${review.verdict.toLowerCase()}` : ''}`,
      reason,
    ]
      .filter(Boolean)
      .join('. '),
  AgentEvent: ({ fromStatus, toStatus }, what) =>
    fromStatus && toStatus ? `${what}: ${agentLook(fromStatus).word} → ${agentLook(toStatus).word}` : what,
  TaskDependencyFailedEvent: ({ dependency }) => `Dependency ${dependency?.ref ?? ''} failed`,
  TaskAssigneeOfflineEvent: ({ reason }) => `Its agent is offline${reason ? `: ${reason}` : ''}`,
  QuestionEvent: ({ reason }, what) => `Question ${what.toLowerCase()}${reason ? `: ${reason}` : ''}`,
};

/** What an event says, in one line. Events of a newer server are shown by their name. */
export function eventText(event: LogEvent): string {
  const what = sentence(event.type.slice(event.type.indexOf('.') + 1));
  const text = texts[event.__typename] as ((one: LogEvent, what: string) => string) | undefined;
  return text?.(event, what) ?? what;
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
