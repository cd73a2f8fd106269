import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Viewer } from '../../domain/actor.js';
import { type Clock, toDate } from '../../kernel/clock.js';
import { isId } from '../../kernel/ids.js';
import type { Database } from '../../postgres/database.js';
import { findUsableApiKey } from '../../store/keys/api-keys.js';

/** Lets a browser's EventSource in, which can't send a header. */
export interface StreamTicket {
  readonly ticket: string;
  readonly expiresAt: Date;
}

/** Tickets stand for a key for a short time. Every process on the database takes the tickets of every other. */
export interface StreamTickets {
  issue(viewer: Viewer): Promise<StreamTicket>;
  /** Whose ticket it is; null if it is forged or has expired, or its key is no longer good. */
  redeem(ticket: string): Promise<Viewer | null>;
}

/** Long enough to connect again after a short break, short enough to be worth nothing in a log, in milliseconds. */
const TICKET_MS = 60_000;

/**
 * A ticket says whose it is and until when, and is signed with what the database keeps of the key's own secret: nothing
 * is stored for it, and it ends with its key. Only the holder of that hash can make one, so of a key that is 256 random
 * bits a ticket gives nothing away.
 */
export function createStreamTickets(database: Database, clock: Clock): StreamTickets {
  return {
    async issue({ keyId }) {
      const key = await findUsableApiKey(database.pool, keyId);
      if (key === null) throw new Error(`the key ${keyId} ended while its ticket was being made`);
      const expiresAtMs = clock.now() + TICKET_MS;
      const claim = `${keyId}.${expiresAtMs.toString(36)}`;
      return { ticket: `${claim}.${sign(key.hash, claim)}`, expiresAt: toDate(expiresAtMs) };
    },
    async redeem(ticket) {
      const parsed = parseTicket(ticket);
      if (parsed === null || parsed.expiresAtMs <= clock.now()) return null;
      const key = await findUsableApiKey(database.pool, parsed.keyId);
      if (key === null || !isSame(sign(key.hash, parsed.claim), parsed.signature)) return null;
      return { keyId: key.id, role: key.role, agentId: key.agentId };
    },
  };
}

function parseTicket(ticket: string) {
  const match = /^(([a-z0-9_]{1,64})\.([0-9a-z]{1,11}))\.([\w-]{43})$/.exec(ticket);
  const [, claim = '', keyId = '', expiresAt = '', signature = ''] = match ?? [];
  if (match === null || !isId('key', keyId)) return null;
  return { claim, keyId, expiresAtMs: Number.parseInt(expiresAt, 36), signature };
}

/** The first word keeps the signature from being taken for one that was made for anything else. */
function sign(hash: Uint8Array, claim: string): string {
  return createHmac('sha256', hash).update(`event stream ticket ${claim}`).digest('base64url');
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
