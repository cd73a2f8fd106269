import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { SerializedEvent } from '../../graphql/events/event-writer.js';
import type { PlainEventStream } from '../../graphql/events/plain-events.js';
import { StreamEnd } from '../../graphql/events/stream.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { Exchange } from '../http/exchange.js';
import { cutOffStuckClient } from '../http/stuck-client.js';

/** How long a client that reconnects by itself should wait, in milliseconds. */
const RETRY_MS = 2_000;

/** Of every stream of server-sent events. */
export const eventStreamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Otherwise nginx would hold events back until its buffer is full.
  'x-accel-buffering': 'no',
  'cache-control': 'no-store',
} as const;

export interface EventStreamOptions {
  readonly presenter: ErrorPresenter;
  /** A comment is sent so often; a client that takes nothing from one to the next is cut off. */
  readonly heartbeatMs: number;
}

/**
 * Sends the events until their stream ends or the client goes. The first block has no event but an id, from which a
 * client resumes that is cut off before its first event; the last one says why the server ended the stream.
 */
export async function sendEventStream(
  exchange: Exchange,
  { begin, items }: PlainEventStream,
  { presenter, heartbeatMs }: EventStreamOptions,
): Promise<void> {
  const { response, requestId, end } = exchange;
  exchange.isStream = true;
  response.on('error', () => end.abort());
  response.writeHead(200, { ...exchange.headers, ...eventStreamHeaders });
  response.write(`retry: ${RETRY_MS}\nid: ${begin}\n\n`);
  // Shows proxies and clients that the connection lives.
  cutOffStuckClient(response, heartbeatMs, () => response.write(':\n\n'));
  let cursor = begin;
  for await (const item of items) {
    const isEnd = item instanceof StreamEnd;
    const block = isEnd ? lastBlock(presenter, item, requestId, cursor) : toBlock(item);
    if (!isEnd) cursor = item.cursor;
    // Node sends what is written in one turn of its loop together.
    if (!response.write(block)) await drained(response, end.signal);
  }
  response.end();
}

function toBlock({ cursor, type, json }: SerializedEvent): string {
  return `id: ${cursor}\nevent: ${type}\ndata: ${json}\n\n`;
}

/** The id is where to resume, and there is none where resuming makes no sense. */
function lastBlock(
  presenter: ErrorPresenter,
  { error }: StreamEnd,
  requestId: string,
  lastCursor: string,
): string {
  const { message, extensions } = presenter.present(error, requestId);
  const { code, cursor: resumeAt } = extensions;
  const cursor = code === 'CURSOR_EXPIRED' ? null : typeof resumeAt === 'string' ? resumeAt : lastCursor;
  const id = cursor === null ? '' : `id: ${cursor}\n`;
  return `${id}event: error\ndata: ${JSON.stringify({ code, message, cursor })}\n\n`;
}

/** Resolves when the client has taken what was written, or has gone. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (!response.writableNeedDrain || signal.aborted) return;
  await once(response, 'drain', { signal }).catch(() => undefined);
}
