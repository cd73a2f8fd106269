import { backoffMs } from '../../kernel/backoff.js';
import type { EventType } from '../events/event-types.js';
import { expandEventFilter } from '../events/event-types.js';

/** What a receiver gets: signed JSON, or a message for a chat. */
export const WEBHOOK_FORMATS = ['STANDARD', 'SLACK'] as const;

/** The format of the deliveries of a webhook. */
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** The maximum number of webhooks. Each has a reader of the log of its own while it has something to deliver. */
export const MAX_WEBHOOKS = 100;

/** The wait before the first retry and the longest wait, in milliseconds. */
const RETRY_PACE = { baseMs: 5_000, maxMs: 3_600_000 } as const;

/** What decides when a failed delivery is tried again. */
export interface Retry {
  /** Number of the failed attempt, starting at 1. */
  readonly attempt: number;
  /** How long the receiver asks to wait, in milliseconds. Null if it does not ask. */
  readonly retryAfterMs: number | null;
  /** A number in [0, 1). */
  readonly random: number;
}

/**
 * Milliseconds until the next attempt: the backoff or, if the receiver asks for more, as long as it asks for. A receiver can't
 * put it off beyond the longest wait: it would look as if the webhook had stopped.
 */
export function retryInMs({ attempt, retryAfterMs, random }: Retry): number {
  const asked = Math.min(retryAfterMs ?? 0, RETRY_PACE.maxMs);
  return Math.max(asked, backoffMs({ ...RETRY_PACE, attempt, random }));
}

/** A webhook that has failed for this time, in milliseconds, is paused. */
export const GIVE_UP_MS = 86_400_000;

/** The number of failures in a row from which on a person is told. One or two are usual when a receiver restarts. */
export const TROUBLING_FAILURES = 3;

/** How long the previous secret stays valid after a rotation, in milliseconds. */
export const OLD_SECRET_MS = 86_400_000;

/** Which events a webhook gets, as it is stored. A field that is left out does not filter. */
export interface WebhookFilter {
  /** Types and families, as the caller gave them, so that a later type of a family is included. */
  readonly types?: readonly string[];
  readonly taskId?: string;
  readonly agentId?: string;
  readonly pipelineRunId?: string;
}

/** The event types that the filter names; undefined means all. */
export function typesOf({ types }: WebhookFilter): readonly EventType[] | undefined {
  return types === undefined
    ? undefined
    : [...new Set(types.flatMap((word) => expandEventFilter(word) ?? []))];
}

/** The part of an address that may be shown: credentials may be in the query, and in the path of a chat's address. */
export function shownUrl(url: string, format: WebhookFormat): string {
  const { origin, pathname, search } = new URL(url);
  if (format === 'SLACK') return pathname === '/' ? origin : `${origin}/…`;
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}

/** `whsec_` and 64 bytes in base64. */
const MAX_SECRET_LENGTH = 94;

/** What is wrong with a signing secret of Standard Webhooks, which is 24 to 64 bytes in base64; null if nothing is. */
export function findSecretMistake(text: string): string | null {
  if (text.length > MAX_SECRET_LENGTH) return `may have ${MAX_SECRET_LENGTH} characters at most`;
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = encoded === undefined || encoded.length % 4 !== 0 ? 0 : Buffer.from(encoded, 'base64').length;
  return bytes >= 24 && bytes <= 64 ? null : 'must be whsec_ and then 24 to 64 bytes in base64';
}

/** The lag of the active webhooks and the number of those that the server has paused. */
export interface WebhookLag {
  /** Entries of the log that the slowest webhook has not looked at. */
  readonly events: number;
  readonly paused: number;
}
