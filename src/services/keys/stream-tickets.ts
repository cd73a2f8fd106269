import type { Viewer } from '../../domain/actor.js';
import type { Database } from '../../postgres/database.js';
import { createSignedTokens } from './signed-tokens.js';
import { toViewer } from './viewer-of-key.js';

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

/** Tickets are signed tokens, so nothing is stored for one. A ticket may be redeemed until it expires. */
export function createStreamTickets(database: Database, ticketMs = TICKET_MS): StreamTickets {
  const tokens = createSignedTokens(database, 'event stream ticket', ticketMs);
  return {
    async issue({ keyId }) {
      const { token, expiresAt } = await tokens.issue(keyId);
      return { ticket: token, expiresAt };
    },
    async redeem(ticket) {
      const claim = await tokens.read(ticket);
      return claim && toViewer(claim.key);
    },
  };
}
