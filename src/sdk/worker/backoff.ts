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

const FIRST_REST_MS = 1_000;
const MAX_REST_MS = 30_000;

/**
 * Pauses between the attempts at tasks that have failed here. The server has a task wait that goes to the inbox, but one that
 * is pinned to its agent it offers again at once, and five attempts would be over within a second.
 */
export class FailedTasks {
  readonly #restUntil = new Map<string, number>();

  /**
   * An attempt has failed.
   *
   * @param before - how many attempts have failed before, also those of other workers.
   */
  note(taskId: string, before: number): void {
    const now = monotonicMs();
    for (const [id, until] of this.#restUntil) if (until < now) this.#restUntil.delete(id);
    this.#restUntil.set(taskId, now + backoffMs(before, FIRST_REST_MS, MAX_REST_MS));
  }

  /** Waits until the next attempt may begin. Rejects with the signal's reason as soon as it is aborted. */
  async rest(taskId: string, signal: AbortSignal): Promise<void> {
    const ms = (this.#restUntil.get(taskId) ?? 0) - monotonicMs();
    if (ms > 0) await pause(ms, signal);
  }
}
