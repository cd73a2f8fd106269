import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { SerializedEvent } from '../../graphql/events/event-writer.js';
import type { PlainEventStream } from '../../graphql/events/plain-events.js';
import { StreamEnd } from '../../graphql/events/stream.js';
import type { ErrorPresenter } from '../error-presenter.js';
import type { HttpExchange } from '../http/exchange.js';
import { disconnectStuckClient } from '../http/stuck-client.js';

/** How long a client should wait before it reconnects, in milliseconds. */
const RETRY_MS = 2_000;

/** Headers of every stream of server-sent events. */
export const eventStreamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Without it nginx would delay events until its buffer is full.
  'x-accel-buffering': 'no',
  // Compressing proxies would hold back events to fill their buffers.
  'cache-control': 'no-store, no-transform',
} as const;

export interface EventStreamOptions {
  readonly presenter: ErrorPresenter;
  /** Interval between comments. A client that reads nothing between two of them is disconnected. */
  readonly heartbeatMs: number;
}

/**
 * Sends the events until their stream ends or the client disconnects. The first block contains only an id, from which a
 * client can resume that is disconnected before its first event. The last block says why the server ended the stream.
 */
export async function sendEventStream(
  exchange: HttpExchange,
  { begin, items }: PlainEventStream,
  { presenter, heartbeatMs }: EventStreamOptions,
): Promise<void> {
  const { response, requestId, end } = exchange;
  exchange.isStream = true;
  response.on('error', () => end.abort());
  response.writeHead(200, { ...exchange.headers, ...eventStreamHeaders });
  response.write(`retry: ${RETRY_MS}\nid: ${begin}\n\n`);
  // The comments show proxies and clients that the connection is alive.
  disconnectStuckClient(response, heartbeatMs, () => response.write(':\n\n'));
  let cursor = begin;
  for await (const item of items) {
    const isEnd = item instanceof StreamEnd;
    const block = isEnd ? lastBlock(presenter, item, requestId, cursor) : toBlock(item);
    if (!isEnd) cursor = item.cursor;
    // Node sends all writes of one turn of the event loop together.
    if (!response.write(block)) await drained(response, end.signal);
  }
  response.end();
}

function toBlock({ cursor, type, json }: SerializedEvent): string {
  return `id: ${cursor}\nevent: ${type}\ndata: ${json}\n\n`;
}

/** The id is the cursor to resume from. It is missing if the client can't resume. */
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

/** Resolves when the client has read what was written, or has disconnected. */
export async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (!response.writableNeedDrain || signal.aborted) return;
  await once(response, 'drain', { signal }).catch(() => undefined);
}
