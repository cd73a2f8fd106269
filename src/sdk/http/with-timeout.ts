import { TimeoutError } from '../errors/request-errors.js';
import { DeadlinePassed, withDeadline } from '../platform.js';

/** How long some work may take. */
export interface TimeLimit {
  readonly ms: number;
  readonly signal: AbortSignal | undefined;
  /** The message of the error after that time. */
  readonly message: string;
}

/**
 * Runs some work with a signal that is aborted with the given one, or after a time.
 *
 * @throws TimeoutError after that time.
 */
export async function withTimeout<Result>(
  { ms, signal, message }: TimeLimit,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  try {
    return await withDeadline(ms, signal, work);
  } catch (error) {
    if (error instanceof DeadlinePassed) throw new TimeoutError(message, { cause: error });
    throw error;
  }
}
