import { createHmac, timingSafeEqual } from 'node:crypto';
import { toDate } from '../../kernel/clock.js';
import { isId } from '../../kernel/ids.js';
import type { Database } from '../../postgres/database.js';
import { findUsableApiKey, type UsableApiKey } from '../../store/keys/api-keys.js';
import { createClaimedKeys } from './unknown-secrets.js';

/** A text that stands for an API key until it expires. */
export interface SignedToken {
  readonly token: string;
  readonly expiresAt: Date;
}

/** What a token that was accepted says. */
export interface TokenClaim {
  /** The key that the token stands for. It can be used. */
  readonly key: UsableApiKey;
  readonly expiresAt: Date;
  /** What the token was signed with, which no other token of its kind shares if it has a nonce. */
  readonly claim: string;
}

/** Issues and reads the tokens of one purpose. All processes on the same database accept each other's tokens. */
export interface SignedTokens {
  /** @param nonce - makes the token unique; left out, two tokens of one millisecond may be the same. */
  issue(keyId: string, nonce?: string): Promise<SignedToken>;
  /** Null if the token is forged or expired, or if its key is no longer usable. */
  read(token: string): Promise<TokenClaim | null>;
}

/**
 * A token consists of the key id and the expiry by the database's clock, which all processes share, signed with the
 * stored hash of the key's secret. So nothing is stored per token, and a token ends with its key. Only a holder of the
 * hash can sign one, and a token reveals nothing about a key of 256 random bits.
 *
 * @param purpose - separates these signatures from those of other tokens, which are refused.
 */
export function createSignedTokens(database: Database, purpose: string, validMs: number): SignedTokens {
  const findClaimed = createClaimedKeys(database);
  return {
    async issue(keyId, nonce) {
      const key = await findUsableApiKey(database.pool, keyId);
      if (key === null) throw new Error(`the key ${keyId} ended while a token was being issued for it`);
      const expiresAtMs = key.readAt.getTime() + validMs;
      const claim = [keyId, expiresAtMs.toString(36), ...(nonce === undefined ? [] : [nonce])].join('.');
      return { token: `${claim}.${sign(purpose, key.hash, claim)}`, expiresAt: toDate(expiresAtMs) };
    },
    async read(token) {
      const parsed = parse(token);
      if (parsed === null) return null;
      const key = await findClaimed(parsed.keyId);
      if (key === null || parsed.expiresAtMs <= key.readAt.getTime()) return null;
      if (!isSame(sign(purpose, key.hash, parsed.claim), parsed.signature)) return null;
      return { key, expiresAt: toDate(parsed.expiresAtMs), claim: parsed.claim };
    },
  };
}

function parse(token: string) {
  const match = /^(([a-z0-9_]{1,64})\.([0-9a-z]{1,11})(?:\.[\w-]{22})?)\.([\w-]{43})$/.exec(token);
  const [, claim = '', keyId = '', expiresAt = '', signature = ''] = match ?? [];
  if (match === null || !isId('key', keyId)) return null;
  return { claim, keyId, expiresAtMs: Number.parseInt(expiresAt, 36), signature };
}

/** The fixed prefix separates this signature from signatures for other purposes. */
function sign(purpose: string, hash: Uint8Array, claim: string): string {
  return createHmac('sha256', hash).update(`${purpose} ${claim}`).digest('base64url');
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
