import { Agent, type Dispatcher, fetch } from 'undici';
import { normalizeErrorBody } from './error-body.js';
import { isRedirect, refuseRedirect, sameOriginTarget } from './redirects.js';
import { shownStatus, showStatuses } from './shown-statuses.js';

/** A reachable address accepts a connection within this time. */
const CONNECT_MS = 10_000;
const MAX_ERROR_BYTES = 64 * 1024;
const LINE_FEED = 10;
const MAX_REDIRECTS = 3;

/** A `fetch` with its own connections and a maximum size of answers. */
export interface BoundedFetch {
  fetch(url: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Aborts all requests. */
  close(): Promise<void>;
}

/** The parts of a request that this server sends. */
interface Sent {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  readonly signal: AbortSignal | null;
}

/**
 * Creates a bounded `fetch`. An answer longer than `maxBytes` fails with an error; the body of an error status is cut instead,
 * and rewritten into the form that the client reads.
 * A redirect is followed only within the origin of the request, because the prompt and the key are meant for that origin.
 * There is no time limit except the caller's: Node's own fetch fails after five minutes without a byte, and a model may take
 * longer.
 */
export function createBoundedFetch(maxBytes: number): BoundedFetch {
  const connections = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_MS } });
  const dispatcher = connections.compose(showStatuses);
  return {
    async fetch(url, init = {}) {
      const { method = 'GET', headers, body, signal } = init;
      const sent: Sent = {
        method,
        headers: Object.fromEntries(new Headers(headers)),
        body: typeof body === 'string' ? body : null,
        signal: signal ?? null,
      };
      const answer = await send(dispatcher, new URL(url instanceof Request ? url.url : url), sent);
      return isRedirect(answer.status) ? refuseRedirect(answer.status) : bound(answer, maxBytes);
    },
    close: () => connections.destroy(),
  };
}

/** Follows redirects within the origin. Another redirect is returned with a cancelled body. */
async function send(dispatcher: Dispatcher, first: URL, sent: Sent): Promise<Answer> {
  let url = first;
  for (let followed = 0; ; followed += 1) {
    const answer = await fetch(url, { ...sent, dispatcher, redirect: 'manual' });
    if (!isRedirect(answer.status)) return answer;
    await answer.body?.cancel();
    const target = sameOriginTarget(url, sent.method, answer);
    if (target === null || followed === MAX_REDIRECTS) return answer;
    url = target;
  }
}

async function bound(answer: Answer, maxBytes: number): Promise<Response> {
  const { statusText } = answer;
  const bounded = answer.ok
    ? toStream(wholeLines(failAfter(maxBytes, answer.body)))
    : normalizeErrorBody(await readText(cutAfter(MAX_ERROR_BYTES, answer.body)), statusText);
  return new Response(answer.body === null ? null : bounded, {
    status: shownStatus(answer.status),
    statusText,
    headers: [...answer.headers],
  });
}

type Answer = Awaited<ReturnType<typeof fetch>>;
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
