import { askedPauseMs } from '../http/retry.js';
import { pause, random } from '../platform.js';

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;

/**
 * Pauses between attempts that failed: each twice as long as the last, half of it random, at most
 * ten seconds unless the server asks for more.
 */
export class Backoff {
  #failures = 0;

  /** An attempt has succeeded. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Waits before the next attempt, or until the signal is aborted.
   *
   * @param error - why the last attempt failed. It may ask for a longer pause.
   */
  async wait(error: unknown, signal: AbortSignal): Promise<void> {
    const ceiling = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
    const backoff = ceiling / 2 + (ceiling / 2) * random();
    await pause(Math.max(backoff, askedPauseMs(error)), signal).catch(() => undefined);
  }
}
