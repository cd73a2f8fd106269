import { toTooOld } from '../errors/to-too-old.js';
import { VERSION } from '../version.js';
import { execute, type OperationRequest } from './execute.js';
import type { Fetch } from './fetch.js';
import { defaultRetryPolicy, type RetryPolicy, withRetries } from './retry.js';
import type { Sender } from './send.js';

/** How requests reach the server. */
export interface CallerOptions {
  /** The address of the server, such as `http://127.0.0.1:4000`, with the path prefix if it is behind one. */
  readonly url: string;
  /** The API key: `mc_…`. */
  readonly apiKey: string;
  /** The fetch to use; the global one if left out. */
  readonly fetch?: Fetch;
  /** How requests are repeated; eight times within about a minute if left out. */
  readonly retry?: Partial<RetryPolicy>;
  /** How long one request may take, in milliseconds, on top of what a claim waits; 30,000 if left out. */
  readonly timeoutMs?: number;
  /** The name of the program that uses the client, for the server's logs and traces. */
  readonly name?: string;
}

/** What every method takes beside its input. */
export interface CallOptions {
  /** Ends the call: the method rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** How many times this call is repeated when it fails for a reason that passes; as the client's `retry` if left out. */
  readonly retries?: number | undefined;
  /** How long one request of this call may take, in milliseconds; as the client's `timeoutMs` if left out. */
  readonly timeoutMs?: number | undefined;
}

/** What an operation allows. */
export interface CallRules {
  readonly isRepeatable: boolean;
  /** How long the server may wait before it answers, in milliseconds. */
  readonly waitMs: number;
}

/** The data of an answer. */
export type Data = Readonly<Record<string, unknown>>;

/** Sends operations, with repeats. */
export interface Caller {
  readonly sender: Sender;
  /** An operation of this package. */
  call(operation: OperationRequest, rules: CallRules, options: CallOptions): Promise<Data>;
  /** A document of the caller. */
  request(operation: OperationRequest, options: CallOptions): Promise<Data>;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Makes a caller. Nothing is sent yet.
 *
 * @throws TypeError when the URL is not an HTTP URL or the key is empty.
 */
export function createCaller(options: CallerOptions): Caller {
  const sender = toSender(options);
  const policy = { ...defaultRetryPolicy, ...options.retry };
  const usualMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const repeat = (
    operation: OperationRequest,
    { isRepeatable, waitMs }: CallRules,
    { signal, retries = policy.retries, timeoutMs = usualMs }: CallOptions,
  ) =>
    withRetries(() => execute(sender, operation, { signal, timeoutMs: timeoutMs + waitMs }), {
      policy: { ...policy, retries },
      isRepeatable,
      signal,
    });
  return {
    sender,
    call: (operation, rules, callOptions) =>
      repeat(operation, rules, callOptions).catch((error) => Promise.reject(toTooOld(error))),
    request: (operation, callOptions) =>
      repeat(operation, { isRepeatable: !/\bmutation\b/.test(operation.query), waitMs: 0 }, callOptions),
  };
}

function toSender({ url, apiKey, name, fetch = globalThis.fetch }: CallerOptions): Sender {
  if (apiKey.trim() === '')
    throw new TypeError('The API key is empty. Pass the secret that createApiKey returned.');
  const client = name ?? 'mission-control-client';
  return {
    endpoint: endpointOf(url),
    // A browser calls its fetch only with the window as `this`.
    fetch: (input, init) => fetch(input, init),
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      // Browsers set their own User-Agent, so the client is named by the headers that GraphQL servers read.
      'graphql-client-name': client,
      'graphql-client-version': VERSION,
      'user-agent': `${client}/${VERSION}`,
    },
  };
}

/** The GraphQL endpoint of a server's address. The address of the endpoint itself is taken as well. */
function endpointOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:')
    throw new TypeError(`'${url}' is not the address of a server. Pass one such as http://127.0.0.1:4000.`);
  const path = parsed.pathname.replace(/\/+$/, '');
  return `${parsed.origin}${path.endsWith('/graphql') ? path : `${path}/graphql`}`;
}
