import type { MissionControlError } from '../errors/base.js';
import { RefusedError } from '../errors/refusals.js';
import { RequestError, ServerFaultError, TimeoutError, WrongAddressError } from '../errors/request-errors.js';
import type { CallOptions } from '../http/caller.js';
import { mayPass } from '../http/retry.js';
import { Backoff } from './backoff.js';

/** One request: it is called again for each attempt. */
type Request<Result> = (options: CallOptions) => Promise<Result>;

/** How long a request of a worker is repeated. */
export interface Persistence {
  /** Aborted when the answer is not needed any more. */
  readonly signal: AbortSignal;
  /** Asked after each failure; true if left out. */
  readonly isWanted?: (error: unknown) => boolean;
}

/** How often a request is sent again after a fault of the server, which this very request may have caused. */
const MAX_FAULTS = 3;

const DEAD = 'A heartbeat got no answer, so the request is sent again over another connection.';

/** The requests of one worker, and what they show of the connection to the server. */
export class Connection {
  readonly #onError: (error: unknown) => void;
  readonly #requestMs: number;
  readonly #inFlight = new Set<AbortController>();
  /** The codes of the failures that were reported since the server has answered last: each kind is reported once in an outage. */
  readonly #reported = new Set<string>();
  #isAway = false;

  /** @param requestMs - how long one request may take, in milliseconds, on top of the time that a claim waits. */
  constructor({ onError, requestMs }: { onError: (error: unknown) => void; requestMs: number }) {
    this.#onError = onError;
    this.#requestMs = requestMs;
  }

  /** True if the last request that has ended got no answer. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Hands an error to onError. One of the connection is not repeated there until the server has answered again. */
  report(error: unknown): void {
    if (isUnknown(error)) {
      const { code } = error;
      if (this.#reported.has(code)) return;
      this.#reported.add(code);
    }
    this.#onError(error);
  }

  /** Breaks off what is in flight: it is on the connection on which a heartbeat got no answer. */
  breakOff(): void {
    for (const controller of this.#inFlight) controller.abort(new TimeoutError(DEAD));
  }

  /** One attempt. @throws the signal's reason as soon as it is aborted. */
  async attempt<Result>(
    request: Request<Result>,
    signal: AbortSignal,
    timeoutMs = this.#requestMs,
  ): Promise<Result> {
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    this.#inFlight.add(controller);
    try {
      const result = await request({ signal: controller.signal, retries: 0, timeoutMs });
      this.#noteAnswer();
      return result;
    } catch (error) {
      if (error instanceof RefusedError || (error instanceof RequestError && !isUnknown(error)))
        this.#noteAnswer();
      else if (!signal.aborted) this.#isAway = true;
      throw error;
    } finally {
      this.#inFlight.delete(controller);
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Sends a request until the server has answered. The request must do nothing twice.
   *
   * @throws the signal's reason when the signal is aborted, and errors after which a repeat would fail as well.
   */
  async untilAnswered<Result>(
    request: Request<Result>,
    { signal, isWanted = () => true }: Persistence,
  ): Promise<Result> {
    const backoff = new Backoff();
    let timeoutMs = this.#requestMs;
    for (let faults = 0; ; ) {
      try {
        return await this.attempt(request, signal, timeoutMs);
      } catch (error) {
        if (error instanceof ServerFaultError) faults += 1;
        if (signal.aborted || !isUnknown(error) || faults > MAX_FAULTS || !isWanted(error)) throw error;
        this.report(error);
        // A request that has reached its time limit has waited long enough. A server that is slow and not away gets longer.
        if (error instanceof TimeoutError) timeoutMs *= 2;
        else await backoff.wait(error, signal);
        signal.throwIfAborted();
      }
    }
  }

  #noteAnswer(): void {
    this.#isAway = false;
    this.#reported.clear();
  }
}

/**
 * True if the server may have executed the request, or may execute it when it is repeated. A proxy may answer with a page of
 * its own while the server restarts.
 */
export function isUnknown(error: unknown): error is MissionControlError {
  return mayPass(error) || error instanceof ServerFaultError || error instanceof WrongAddressError;
}
