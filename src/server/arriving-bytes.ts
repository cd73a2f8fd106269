import type { ServerLimits } from './limits.js';
import { protocolError } from './protocol-error.js';

/** Shorter requests are not counted: those that wait for work are short, and may be many. */
export const COUNTED_FROM = 4_096;

/** How long a client above the limit should wait, in seconds. */
const RETRY_SECONDS = 1;

/**
 * Counts the bytes of the requests of each key that arrive or are under way in this process, on all transports. Without a limit, a
 * key could fill the memory with requests of 1 MB that never end, or that wait for others.
 */
export class ArrivingBytes {
  readonly #most: number;
  readonly #byKey = new Map<string, number>();

  constructor({ maxArrivingBytesPerKey }: ServerLimits) {
    this.#most = maxArrivingBytesPerKey;
  }

  /**
   * Begins to count one request.
   *
   * @returns a function that takes the size of the request so far. It counts until it gets 0.
   */
  begin(keyId: string): (size: number) => void {
    let counted = 0;
    return (size) => {
      const next = size < COUNTED_FROM ? 0 : size;
      if (next === counted) return;
      this.#change(keyId, next - counted);
      counted = next;
    };
  }

  /** @throws GraphQLError with RATE_LIMITED above the limit. Then nothing is changed. */
  #change(keyId: string, by: number): void {
    const bytes = (this.#byKey.get(keyId) ?? 0) + by;
    if (by > 0 && bytes > this.#most) throw tooMany(this.#most);
    if (bytes === 0) this.#byKey.delete(keyId);
    else this.#byKey.set(keyId, bytes);
  }
}

function tooMany(most: number) {
  const message = `The requests of this API key that are under way have more than ${most} bytes together. Send fewer at once, and try again in ${RETRY_SECONDS} s.`;
  return protocolError('RATE_LIMITED', message, {
    status: 429,
    headers: { 'retry-after': String(RETRY_SECONDS) },
  });
}
