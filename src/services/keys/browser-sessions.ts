import type { Database } from '../../postgres/database.js';
import type { UsableApiKey } from '../../store/keys/api-keys.js';
import { createSignedTokens, type SignedToken } from './signed-tokens.js';

/** A day: a person signs in once in the morning. */
const SESSION_MS = 86_400_000;

/** Tells a session apart from a key, and lets secret scanners recognise it. */
const PREFIX = 'mcs_';

/** The bearer tokens that browsers get for a sign-in link, so that no key enters the browser. */
export interface BrowserSessions {
  /** Issues a token that acts with the rights of this key until it expires or the key ends. */
  open(keyId: string): Promise<SignedToken>;
  /** The key of a session, as if it expired with the session. Null if the session or the key has ended. */
  find(token: string): Promise<UsableApiKey | null>;
}

/** Whether a bearer token has the form of a session. */
export function isBrowserSession(token: string): boolean {
  return token.startsWith(PREFIX);
}

/** Sessions are signed tokens, so nothing is stored for one, and one ends with its key. */
export function createBrowserSessions(database: Database): BrowserSessions {
  const tokens = createSignedTokens(database, 'browser session', SESSION_MS);
  return {
    async open(keyId) {
      const { token, expiresAt } = await tokens.issue(keyId);
      return { token: `${PREFIX}${token}`, expiresAt };
    },
    async find(token) {
      const claim = await tokens.read(token.slice(PREFIX.length));
      if (claim === null) return null;
      const { key, expiresAt } = claim;
      return {
        ...key,
        expiresAt: key.expiresAt !== null && key.expiresAt < expiresAt ? key.expiresAt : expiresAt,
      };
    },
  };
}
