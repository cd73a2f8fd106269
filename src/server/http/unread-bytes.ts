/** The bytes of answers that clients have not read yet. */
export interface UnreadBytes {
  /**
   * Counts bytes until the returned function is called.
   *
   * @param disconnect - disconnects the client, and so frees the bytes.
   */
  add(bytes: number, disconnect: () => void): () => void;
}

interface Entry {
  readonly bytes: number;
  readonly disconnect: () => void;
}

/**
 * Bounds the unread bytes of this process. Above the limit, the clients that have not read for the longest time are
 * disconnected: a client that reads leaves within milliseconds.
 */
export function createUnreadBytes(maxBytes: number): UnreadBytes {
  // A set keeps the order in which the entries were added.
  const entries = new Set<Entry>();
  let total = 0;

  function remove(entry: Entry): void {
    if (entries.delete(entry)) total -= entry.bytes;
  }

  return {
    add(bytes, disconnect) {
      const entry = { bytes, disconnect };
      entries.add(entry);
      total += bytes;
      for (const oldest of entries) {
        if (total <= maxBytes) break;
        remove(oldest);
        oldest.disconnect();
      }
      return () => remove(entry);
    },
  };
}
