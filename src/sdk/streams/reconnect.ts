import { MissionControlError } from '../errors/base.js';
import { ConnectionError, RateLimitedError, UnavailableError } from '../errors/request-errors.js';
import { backoffMs, pause } from '../platform.js';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 10_000;

/** Codes of the server after which the same subscription can be sent again at once. */
const resumable = new Set(['SUBSCRIBER_TOO_SLOW', 'CURSOR_EXPIRED', 'INTERNAL_SERVER_ERROR']);

/** The error if a subscription may be sent again after it. Everything else would be refused again. */
export function passingError(error: unknown): MissionControlError {
  const mayPass =
    error instanceof ConnectionError ||
    error instanceof UnavailableError ||
    error instanceof RateLimitedError ||
    (error instanceof MissionControlError && resumable.has(error.code));
  if (!mayPass) throw error;
  return error;
}

/** Waits before the next attempt: longer after each failure. */
export function pauseBeforeAttempt(failures: number, signal: AbortSignal | undefined): Promise<void> {
  return pause(backoffMs(failures, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal);
}
