import { askedPauseMs } from '../http/retry.js';
import { backoffMs, monotonicMs, pause, random } from '../platform.js';

const FIRST_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;

/** The mean pause after a claim that was answered at once and brought nothing. */
const QUICK_ANSWER_MS = 1_000;

/**
 * Waits if a claim that brought nothing was answered at once: the agent is paused or at capacity, or the server stops.
 *
 * @param sentAt - when the claim was sent, on the monotonic clock.
 */
export async function restAfterQuickAnswer(sentAt: number, signal: AbortSignal): Promise<void> {
  if (monotonicMs() - sentAt >= QUICK_ANSWER_MS) return;
  await pause(QUICK_ANSWER_MS * (0.5 + random()), signal).catch(() => undefined);
}

/** Pauses between attempts that failed: each longer than the last, at most ten seconds unless the server asks for more. */
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
    const backoff = backoffMs(this.#failures++, FIRST_PAUSE_MS, MAX_PAUSE_MS);
    await pause(Math.max(backoff, askedPauseMs(error)), signal).catch(() => undefined);
  }
}
