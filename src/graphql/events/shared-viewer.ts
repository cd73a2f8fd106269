import type { Viewer } from '../../domain/actor.js';

/** The id that a shared viewer has: no key's. */
const NOBODY = '';

/**
 * All keys with the same rights as one viewer, for answers that are meant for all of them. An answer that takes the
 * viewer's key into account is not: `onKeyRead` tells, whichever resolver it was.
 */
export function createSharedViewer({ role, agentId }: Viewer, onKeyRead: () => void): Viewer {
  return {
    role,
    agentId,
    get keyId() {
      onKeyRead();
      return NOBODY;
    },
  };
}
