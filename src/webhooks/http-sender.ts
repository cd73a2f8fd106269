import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { toDate } from '../kernel/clock.js';
import { readRetryAfter } from '../kernel/retry-after.js';
import type { Secret } from '../kernel/secret.js';
import { withSignal } from '../kernel/with-signal.js';
import {
  createPublicLookup,
  findPublicAddresses,
  hostOf,
  type Resolve,
  resolveBySystem,
} from './public-address.js';
import { createSecretStore, type SecretStore } from './stored-secret.js';

/** One request to a receiver. */
export interface WebhookRequest {
  readonly webhookId: string;
  readonly url: string;
  /** The id of the event, by which a receiver recognises a repetition. */
  readonly id: string;
  readonly atMs: number;
  /** As they are stored. Each signs the request: the current secret, and the previous one while it is valid. */
  readonly secrets: readonly string[];
  readonly body: string;
  /** Aborts the request. */
  readonly signal: AbortSignal;
}

/** How a receiver answered. It has accepted the event if there is no error. */
export interface WebhookAnswer {
  /** Null if there was no answer. */
  readonly status: number | null;
  readonly error: string | null;
  /** The beginning of the answer's body. */
  readonly answer: string | null;
  /** How long the receiver asks to wait, from Retry-After, in milliseconds. Null if it does not ask. */
  readonly retryAfterMs: number | null;
}

/** The way to the receivers of webhooks. */
export interface WebhookSender {
  readonly secrets: SecretStore;
  /** Why no webhook may have this address, in a sentence; null if one may. Resolves its name. */
  refusal(url: string): Promise<string | null>;
  /** Sends a request. Never rejects: whatever happens is an answer. */
  send(request: WebhookRequest): Promise<WebhookAnswer>;
  /** Breaks off all requests. */
  close(): Promise<void>;
}

export interface WebhookSenderOptions {
  /** Whether receivers may be on this machine and in private networks. */
  readonly allowPrivate: boolean;
  /** The keys that encrypt signing secrets in the database: the present one, and after commas former ones. */
  readonly secretKeys?: Secret | undefined;
  readonly resolve?: Resolve;
  readonly timeoutMs?: number;
}

/** A receiver answers within this time, in milliseconds, or the attempt has failed. */
const TIMEOUT_MS = 10_000;

/** The number of bytes of an answer that are read and kept. */
const KEPT_BYTES = 512;

const UNREADABLE =
  'The secret of this webhook was encrypted with an MC_SECRET_KEY that this server does not have. Set that key, or rotate the secret.';

class UnreadableSecret extends Error {}

const MAX_URL_LENGTH = 2_000;

/**
 * Creates the sender. It follows no redirects, reads the beginning of an answer only, and connects only to addresses that it has
 * checked.
 */
export function createWebhookSender({
  allowPrivate,
  secretKeys,
  resolve = resolveBySystem,
  timeoutMs = TIMEOUT_MS,
}: WebhookSenderOptions): WebhookSender {
  const store = createSecretStore(secretKeys?.reveal().split(',') ?? []);
  const connections = new Agent({
    connect: { timeout: timeoutMs, ...(allowPrivate ? {} : { lookup: createPublicLookup(resolve) }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    // One request at a time for each webhook; a few webhooks may share an origin.
    pipelining: 1,
  });

  function readSecrets(webhookId: string, stored: readonly string[]): readonly string[] {
    const [current, ...former] = stored.map((each) => store.toSecret(webhookId, each));
    if (current == null) throw new UnreadableSecret(UNREADABLE);
    // The key of the secret before a rotation may be the reason for the rotation.
    return [current, ...former.filter((secret) => secret !== null)];
  }

  async function post({
    webhookId,
    url,
    id,
    atMs,
    secrets,
    body,
    signal,
  }: WebhookRequest): Promise<WebhookAnswer> {
    // The look-up of a connection is not asked for addresses.
    if (!allowPrivate) await findPublicAddresses(hostOf(new URL(url)), async () => []);
    const {
      statusCode,
      headers,
      body: answer,
    } = await request(url, {
      dispatcher: connections,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Mission-Control',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(atMs / 1_000)),
        'webhook-signature': readSecrets(webhookId, secrets)
          .map((secret) => new Webhook(secret).sign(id, toDate(atMs), body))
          .join(' '),
      },
      body,
      signal,
    });
    const text = await readBeginning(answer);
    const retryAfterMs = readRetryAfter((name) => [headers[name]].flat()[0]);
    return { status: statusCode, error: judge(statusCode), answer: text, retryAfterMs };
  }

  return {
    secrets: store,
    refusal: (url) => findRefusal(url, allowPrivate ? null : resolve),
    async send(sent) {
      try {
        return await withSignal(sent.signal, timeoutMs, (signal) => post({ ...sent, signal }));
      } catch (error) {
        return { status: null, error: explain(error, timeoutMs), answer: null, retryAfterMs: null };
      }
    },
    close: () => connections.destroy(),
  };
}

async function findRefusal(text: string, resolve: Resolve | null): Promise<string | null> {
  if (text.length > MAX_URL_LENGTH) return `may have ${MAX_URL_LENGTH} characters at most`;
  if (!URL.canParse(text)) return 'must be a URL, such as https://example.com/hooks';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or a password';
  if (resolve === null) return null;
  try {
    const addresses = await findPublicAddresses(hostOf(url), resolve);
    return addresses.length === 0 ? 'names a host that has no address' : null;
  } catch (error) {
    if (error instanceof Error && error.name === 'PrivateAddress')
      return `must be a public address, unless the server has MC_WEBHOOK_ALLOW_PRIVATE=on: ${error.message}`;
    return 'names a host that cannot be found';
  }
}

function judge(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return `Answered with ${status}. Redirects are not followed: give the final address.`;
  return `Answered with ${status}.`;
}

/** Reads the first bytes as text. Leaving the loop destroys the rest of a longer answer. */
async function readBeginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes >= KEPT_BYTES) break;
  }
  const text = Buffer.concat(pieces).subarray(0, KEPT_BYTES).toString('utf8');
  // PostgreSQL can't store U+0000.
  return text.replaceAll('\0', '');
}

/** The reason of a failure, without the address: it may contain a credential. */
function explain(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'The request failed.';
  const code = 'code' in error ? String(error.code) : error.name;
  if (error.name === 'PrivateAddress' || error instanceof UnreadableSecret) return error.message;
  if (
    code === 'UND_ERR_HEADERS_TIMEOUT' ||
    code === 'UND_ERR_BODY_TIMEOUT' ||
    code === 'UND_ERR_CONNECT_TIMEOUT' ||
    error.name === 'TimeoutError'
  )
    return `No answer within ${timeoutMs / 1_000} s.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'The name of the host cannot be resolved.';
  if (error.name === 'AbortError') return 'The server stopped the request.';
  const { cause } = error;
  return cause instanceof Error ? explain(cause, timeoutMs) : `The request failed: ${code}.`;
}
