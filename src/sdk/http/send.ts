import { ConnectionError, TimeoutError, WrongAddressError } from '../errors/request-errors.js';
import type { Fetch, HttpResponse } from './fetch.js';
import { withTimeout } from './with-timeout.js';

/** What one HTTP request needs. */
export interface Sender {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: Fetch;
}

/** One HTTP answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  readonly text: string;
}

/** How one request may end early. */
export interface SendOptions {
  /** The request fails with TimeoutError after this many milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends one GraphQL request over HTTP and reads its answer to the end.
 *
 * @throws ConnectionError when the server cannot be reached or the connection breaks, WrongAddressError for a redirect,
 * TimeoutError after `timeoutMs`, and the signal's reason when the signal is aborted.
 */
export async function send(sender: Sender, body: object, options: SendOptions): Promise<HttpAnswer> {
  const { signal, timeoutMs } = options;
  signal?.throwIfAborted();
  try {
    const message = `${sender.endpoint} did not answer within ${timeoutMs} ms.`;
    return await withTimeout({ ms: timeoutMs, signal, message }, async (joined) => {
      const response = await sender.fetch(sender.endpoint, toRequest(sender, body, joined));
      return { status: response.status, headers: response.headers, text: await response.text() };
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TimeoutError) throw error;
    throw toUnreached(sender, error);
  }
}

/** The error of a request that brought no answer. */
export function toUnreached({ endpoint }: Sender, error: unknown): ConnectionError | WrongAddressError {
  const reason = reasonOf(error);
  const advice = remedies[codeOf(error)] ?? remedies[reason];
  if (advice) return new WrongAddressError(`${endpoint} ${advice}`, { cause: error });
  return new ConnectionError(`${endpoint} cannot be reached: ${reason}.`, { cause: error });
}

/** Failures that no repeat can mend, by the code or the text that Node gives them. */
const remedies: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: 'does not use TLS: pass a URL that begins with http://.',
  'unexpected redirect':
    'redirects to another address: pass that one. No redirect is followed, because it would carry the API key along.',
};

/** The request of an operation. A redirect would carry the API key to another place, so none is followed. */
export function toRequest(sender: Sender, body: object, signal: AbortSignal): RequestInit {
  return { method: 'POST', headers: sender.headers, body: JSON.stringify(body), signal, redirect: 'error' };
}

/** True if the request cannot have reached a server, so that repeating it does nothing twice. */
export function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof ConnectionError)) return false;
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
    codeOf(error.cause),
  );
}

/** Node's fetch says only "fetch failed"; what failed is in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return cause.message || codeOf(error);
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
}
