import type { Viewer } from '../../domain/actor.js';

/** The key id of a shared viewer; no key has it. */
const NO_KEY = '';

/**
 * A viewer that stands for all keys with the same rights, for answers that they share. An answer that depends on the
 * key itself cannot be shared, so `onKeyRead` is called when any resolver reads the key.
 */
export function createSharedViewer({ role, agentId }: Viewer, onKeyRead: () => void): Viewer {
  return {
    role,
    agentId,
    get keyId() {
      onKeyRead();
      return NO_KEY;
    },
  };
}
