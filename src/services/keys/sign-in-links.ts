import type { Viewer } from '../../domain/actor.js';
import { newNonce } from '../../kernel/ids.js';
import type { Database } from '../../postgres/database.js';
import { inTransaction } from '../../postgres/transaction.js';
import { reserveIdempotencyKey } from '../../store/ops/idempotency.js';
import { createSignedTokens, type SignedToken } from './signed-tokens.js';
import { toViewer } from './viewer-of-key.js';

/** Milliseconds: long enough to switch to the browser, shorter than the validity of a reserved key. */
const LINK_MS = 600_000;

/** Issues and redeems the codes in links that open the dashboard. */
export interface SignInLinks {
  /** Issues a code that signs in once, with the rights of this key. */
  issue(keyId: string): Promise<SignedToken>;
  /** The viewer of the code; null if it is forged, expired or used, or if its key is no longer usable. */
  redeem(code: string): Promise<Viewer | null>;
}

/**
 * A code is a signed token with a nonce. Its use is recorded by a unique row that outlives the code, so of several
 * browsers with the same link, on any processes, one gets in.
 */
export function createSignInLinks(database: Database): SignInLinks {
  const tokens = createSignedTokens(database, 'sign-in link', LINK_MS);
  return {
    issue: (keyId) => tokens.issue(keyId, newNonce()),
    async redeem(code) {
      const claim = await tokens.read(code);
      if (claim === null) return null;
      const { key } = claim;
      const earlier = await inTransaction(database, (tx) =>
        reserveIdempotencyKey(tx, {
          scope: key.id,
          operation: 'redeemSignInLink',
          key: claim.claim,
          fingerprint: '',
          subjectId: key.id,
        }),
      );
      return earlier === null ? toViewer(key) : null;
    },
  };
}
