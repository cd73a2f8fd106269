import type { EventFieldsFragment, StreamNotice } from '../../sdk/index.js';
import { type Look, oneLine } from './look.js';
import { words } from './words.js';

/** An event of the log, or a notice about the stream itself. */
export type EventLike = EventFieldsFragment | StreamNotice;

/** An event in one line: when, what type, about what, by whom. */
export function eventLine(event: EventLike, look: Look): string {
  if (!('at' in event)) return look.paint('quiet', `         ${noticeText(event)}`);
  const time = new Date(event.at).toTimeString().slice(0, 8);
  const about = [subjectOf(event), detailOf(event)].filter(Boolean).join(' ');
  const by = look.paint('quiet', `by ${event.actor.displayName}`);
  return `${look.paint('quiet', time)} ${look.paint('strong', event.type)} ${about} ${by}`;
}

function noticeText(notice: StreamNotice): string {
  const texts = {
    'stream.connected': 'connected',
    'stream.interrupted': 'the connection is lost: connecting again',
    'stream.too_slow': 'events came faster than they were read: going on without a gap',
    'stream.cursor_expired': 'events after the cursor were pruned: there is a gap, going on from now',
  };
  return texts[notice.type];
}

function subjectOf(event: EventFieldsFragment): string {
  if ('task' in event && event.task) return `${event.task.ref} ${oneLine(event.task.title)}`;
  if ('agent' in event && event.agent) return event.agent.name;
  if ('recurringTask' in event && event.recurringTask) return oneLine(event.recurringTask.name);
  if ('pipeline' in event && event.pipeline) return event.pipeline.name;
  if ('apiKey' in event && event.apiKey) return oneLine(event.apiKey.name);
  return 'job' in event && event.job ? event.job : '';
}

function detailOf(event: EventFieldsFragment): string {
  if ('to' in event) return `${words(event.from)} → ${words(event.to)}`;
  if ('toStatus' in event && event.toStatus) return `→ ${words(event.toStatus)}`;
  if ('toRunStatus' in event && event.toRunStatus) return `→ ${words(event.toRunStatus)}`;
  if ('message' in event && event.message) return oneLine(event.message);
  if ('comment' in event && event.comment) return oneLine(event.comment.body);
  if ('changedFields' in event) return event.changedFields.join(', ');
  return 'reason' in event && event.reason ? oneLine(event.reason) : '';
}
