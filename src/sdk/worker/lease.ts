import { MissionControlError } from '../errors/base.js';
import { LeaseLostError } from '../errors/refusals.js';
import { monotonicMs } from '../platform.js';

/** Why a worker no longer holds a run: the reason of `run.signal`. */
export class RunLostError extends MissionControlError {
  /** The run. */
  readonly runId: string;

  constructor(runId: string, message: string) {
    super('RUN_LOST', message);
    this.runId = runId;
  }
}

/** The worker has given the run back, because it stops or because the handler asked for it: the reason of `run.signal`. */
export class RunGivenBackError extends MissionControlError {
  /** The run. */
  readonly runId: string;

  constructor(runId: string, message: string) {
    super('RUN_GIVEN_BACK', message);
    this.runId = runId;
  }
}

/**
 * The worker's own view of one lease. It never lasts longer than the server's: the server starts a lease when it handles
 * a request, so it is counted from the moment at which the request was sent. A request that failed changes nothing: its
 * outcome is unknown, and the time goes on.
 */
export class Lease {
  readonly runId: string;
  /** True once a request that ends the run was sent: from then on the run may be over because of it. */
  isClosing = false;
  /** True if the lease is lost, but the server may still take the run for live: then the task waits for it to be given back. */
  mayBeLive = false;
  readonly #controller = new AbortController();
  readonly #lengthMs: number;
  #endsAt: number;
  #isEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param sentAt - when the claim was sent, on the monotonic clock. */
  constructor(runId: string, lengthMs: number, sentAt: number) {
    this.runId = runId;
    this.#lengthMs = lengthMs;
    this.#endsAt = sentAt + lengthMs;
    this.#watch();
  }

  /** Aborted as soon as the run may belong to another worker. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * False if the time is over, also when the timer has not fired yet: a process that was frozen and goes on runs its next
   * line before its timers.
   */
  isHeld(): boolean {
    if (monotonicMs() >= this.#endsAt) this.#expire();
    return !this.signal.aborted;
  }

  /** The server has accepted a request that renews the lease. A lease that is over stays over. */
  renew(sentAt: number): void {
    if (!this.isHeld()) return;
    this.#endsAt = Math.max(this.#endsAt, sentAt + this.#lengthMs);
    this.#watch();
  }

  /** The server has said that the run is over, or the worker gives it up. A run that was handed in is not lost. */
  lose(reason: unknown): void {
    if (this.#isEnded) return;
    clearTimeout(this.#timer);
    this.#controller.abort(reason);
  }

  /** A request that ends the run has failed. Unless the server has said that the run is lost, its outcome is unknown. */
  loseAfter(error: unknown): void {
    this.mayBeLive = !(error instanceof LeaseLostError);
    this.lose(error);
  }

  /** Ends the watch: the run was handed in or given back. */
  end(): void {
    // The answer to a heartbeat may still be on its way.
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#isEnded) return;
    // A timer may fire a moment early.
    const check = () => this.isHeld() && this.#watch();
    this.#timer = setTimeout(check, Math.max(1, this.#endsAt - monotonicMs()));
  }

  #expire(): void {
    const message = `The lease of ${this.runId} may have ended: the server has accepted no heartbeat for ${this.#lengthMs} ms.`;
    // An answer of the server may have ended it before, and this method is called again after the end.
    if (!this.signal.aborted && !this.#isEnded) this.mayBeLive = true;
    this.lose(new RunLostError(this.runId, message));
  }
}
