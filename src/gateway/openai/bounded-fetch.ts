import { Agent, fetch, type Response as UndiciResponse } from 'undici';
import { normalizeErrorBody } from './error-body.js';
import { shownStatus, showStatuses } from './shown-statuses.js';

/** A reachable address accepts a connection within this time. */
const CONNECT_MS = 10_000;
const MAX_ERROR_BYTES = 64 * 1024;
const LINE_FEED = 10;

/** A `fetch` with its own connections and a maximum size of answers. */
export interface BoundedFetch {
  fetch(url: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Aborts all requests. */
  close(): Promise<void>;
}

/**
 * Creates a bounded `fetch`. An answer longer than `maxBytes` fails with an error; the body of an error status is cut instead,
 * and rewritten into the form that the client reads.
 * There is no time limit except the caller's: Node's own fetch fails after five minutes without a byte, and a model may take
 * longer.
 */
export function createBoundedFetch(maxBytes: number): BoundedFetch {
  const connections = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_MS } });
  const dispatcher = connections.compose(showStatuses);
  return {
    async fetch(url, init = {}) {
      const { method = 'GET', headers, body, signal } = init;
      const answer = await fetch(url instanceof Request ? url.url : url, {
        dispatcher,
        method,
        headers: Object.fromEntries(new Headers(headers)),
        body: typeof body === 'string' ? body : null,
        signal: signal ?? null,
      });
      const { statusText } = answer;
      const status = shownStatus(answer.status);
      const bounded = answer.ok
        ? toStream(wholeLines(failAfter(maxBytes, answer.body)))
        : normalizeErrorBody(await readReason(answer), statusText);
      return new Response(answer.body === null ? null : bounded, {
        status,
        statusText,
        headers: [...answer.headers],
      });
    },
    close: () => connections.destroy(),
  };
}

/** Why a request was refused, in the endpoint's words. A redirect that was not followed says it by its target. */
async function readReason({ body, headers }: UndiciResponse): Promise<string> {
  const text = await readText(cutAfter(MAX_ERROR_BYTES, body));
  const target = headers.get('location');
  return target === null ? text : `The address has moved to ${target}`;
}

type Bytes = AsyncIterable<Uint8Array>;

async function* failAfter(maxBytes: number, body: Bytes | null): Bytes {
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) throw new Error(`The answer is longer than ${maxBytes} bytes.`);
    yield piece;
  }
}

/**
 * Splits the body into pieces that end with a line. The client's decoder copies and scans an unfinished line again for each
 * further piece: 30 MB without a line break blocked the whole process for 20 s.
 */
async function* wholeLines(body: Bytes): Bytes {
  let unfinished: Uint8Array[] = [];
  for await (const piece of body) {
    const end = piece.lastIndexOf(LINE_FEED) + 1;
    if (end > 0) {
      yield Buffer.concat([...unfinished, piece.subarray(0, end)]);
      unfinished = [];
    }
    if (end < piece.length) unfinished.push(piece.subarray(end));
  }
  if (unfinished.length > 0) yield Buffer.concat(unfinished);
}

async function* cutAfter(maxBytes: number, body: Bytes | null): Bytes {
  let room = maxBytes;
  for await (const piece of body ?? []) {
    yield piece.subarray(0, room);
    room -= piece.byteLength;
    if (room <= 0) return;
  }
}

async function readText(body: Bytes): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

function toStream(body: Bytes): ReadableStream<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}
