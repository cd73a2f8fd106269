import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Viewer } from '../../domain/actor.js';
import { toDate } from '../../kernel/clock.js';
import { isId } from '../../kernel/ids.js';
import type { Database } from '../../postgres/database.js';
import { findUsableApiKey } from '../../store/keys/api-keys.js';
import { createClaimedKeys } from './unknown-secrets.js';

/** Authenticates a browser's EventSource, which cannot send a header. */
export interface StreamTicket {
  readonly ticket: string;
  readonly expiresAt: Date;
}

/** Issues and redeems short-lived tickets for a key. All processes on the same database accept each other's tickets. */
export interface StreamTickets {
  issue(viewer: Viewer): Promise<StreamTicket>;
  /** The viewer of the ticket; null if it is forged or expired, or if its key is no longer usable. */
  redeem(ticket: string): Promise<Viewer | null>;
}

/** Milliseconds: long enough to reconnect after a short break, short enough to be worthless in a log file. */
const TICKET_MS = 60_000;

/**
 * A ticket consists of the key id and the expiry by the database's clock, which all processes share, signed with the stored hash of the key's secret. So nothing is stored
 * per ticket, and a ticket ends with its key. Only a holder of the hash can sign one, and a ticket reveals nothing about
 * a key of 256 random bits.
 */
export function createStreamTickets(database: Database, ticketMs = TICKET_MS): StreamTickets {
  const findClaimed = createClaimedKeys(database);
  return {
    async issue({ keyId }) {
      const key = await findUsableApiKey(database.pool, keyId);
      if (key === null) throw new Error(`the key ${keyId} ended while its ticket was being issued`);
      const expiresAtMs = key.readAt.getTime() + ticketMs;
      const claim = `${keyId}.${expiresAtMs.toString(36)}`;
      return { ticket: `${claim}.${sign(key.hash, claim)}`, expiresAt: toDate(expiresAtMs) };
    },
    async redeem(ticket) {
      const parsed = parseTicket(ticket);
      if (parsed === null) return null;
      const key = await findClaimed(parsed.keyId);
      if (key === null || parsed.expiresAtMs <= key.readAt.getTime()) return null;
      if (!isSame(sign(key.hash, parsed.claim), parsed.signature)) return null;
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

/** The fixed prefix separates this signature from signatures for other purposes. */
function sign(hash: Uint8Array, claim: string): string {
  return createHmac('sha256', hash).update(`event stream ticket ${claim}`).digest('base64url');
}

function isSame(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
