import type { StreamRecord } from '../../record.js';
import type { EventRow } from '../evidence.js';
import type { Rule } from '../rule.js';

/** Each subscriber has received the log as filtered, once and in order. */
export const streams: Rule = {
  name: 'streams',
  promise: 'Every subscriber receives the log as filtered, each event once and in order.',
  find: ({ events, record }) =>
    record.streams.flatMap((stream) =>
      [...stream.complaints, ...compare(stream, events)].map((text) => `${stream.name}: ${text}`),
    ),
};

function compare(stream: StreamRecord, events: readonly EventRow[]): string[] {
  // A live stream that never got a connection has promised nothing.
  if (stream.after === null) return stream.seen.length === 0 ? [] : ['events came before the stream began'];
  const expected = selectFor(stream, events);
  const place = expected.findIndex(
    ({ id, type }, at) => stream.seen[at]?.position !== id || stream.seen[at]?.type !== type,
  );
  if (place === -1 && stream.seen.length === expected.length) return [];
  const at = place === -1 ? expected.length : place;
  const show = (item: object | undefined) => (item === undefined ? 'nothing' : JSON.stringify(item));
  const wanted = expected[at] && { position: expected[at].id, type: expected[at].type };
  return [
    `received ${stream.seen.length} of ${expected.length} events; event ${at} is ${show(stream.seen[at])} and not ${show(wanted)}`,
  ];
}

/** The events that a stream should have. This is written again here, so that a mistake of the server is not repeated. */
export function selectFor(
  { after, until, isAdmin, types }: Pick<StreamRecord, 'after' | 'until' | 'isAdmin' | 'types'>,
  events: readonly EventRow[],
): EventRow[] {
  return events.filter(
    ({ id, type }) =>
      id > (after ?? Number.POSITIVE_INFINITY) &&
      id <= (until ?? Number.POSITIVE_INFINITY) &&
      (isAdmin || !type.startsWith('key.')) &&
      (types === null || types.some((word) => isMeant(word, type))),
  );
}

/** The types whose event is a status change of a task. */
const STATUS_CHANGES =
  /^task\.(status_changed|claimed|completed|approved|rejected|failed|requeued|cancelled)$/;

function isMeant(word: string, type: string): boolean {
  if (word === 'task.status_changed') return STATUS_CHANGES.test(type);
  return type === word || type.startsWith(`${word}.`);
}
