import type {
  CommentFieldsFragment,
  CreateTaskInput,
  QuestionFieldsFragment,
  ReleaseTaskInput,
  TokenUsageInput,
} from '../../generated/operations.js';
import { MissionControlError } from '../errors/base.js';
import type { Answered, Ask } from './asking.js';

/** Throw it from a handler to end the task as FAILED. Other errors end the attempt, and the server retries the task. */
export class NonRetryableError extends MissionControlError {
  constructor(message: string, options?: ErrorOptions) {
    super('NON_RETRYABLE', message, options);
  }
}

/** One attempt at a task, as the handler sees it. */
export interface Run {
  /** The id of the run: the fencing token of everything that is sent for it. */
  readonly id: string;
  /** The number of the attempt, beginning with 1. */
  readonly number: number;
  /** Aborted when the task was cancelled, the lease is lost, or the worker gives the run back. Stop working then. */
  readonly signal: AbortSignal;
  /** The questions about the task that were answered or withdrawn, oldest first. */
  readonly questions: readonly QuestionFieldsFragment[];
  /** What people have commented on the task since the last run began that handed in a result, oldest first. */
  readonly comments: readonly CommentFieldsFragment[];

  /**
   * Reports the progress, which people see live. It extends no lease.
   *
   * @param percent - the completed share, 0 to 100.
   * @throws LeaseLostError when the run no longer holds its task.
   */
  progress(message: string, percent?: number): Promise<void>;

  /**
   * Asks people a question. Without an answer from an earlier run the question ends this run: it throws RunSuspendedError, which
   * the handler must let pass. The answer starts the handler again, which asks the same question, with the same text, and gets
   * the answer. With `blocking: false` the run goes on, and the promise settles when the answer comes with a heartbeat.
   *
   * @returns the answer; null if the question was withdrawn.
   * @throws RunSuspendedError when the run has ended with the question. @throws LeaseLostError, and the reason of `signal`, when
   * the run no longer holds its task. @throws InvalidInputError for a question that can't be asked so.
   */
  ask(question: Ask | string): Promise<Answered | null>;

  /** Keeps the model, the tokens and the cost for the result; a later call replaces an earlier one. */
  usage(usage: TokenUsageInput): void;

  /** Adds a task that is created together with the result, in one transaction. */
  followUp(input: CreateTaskInput): void;

  /**
   * Gives the task back without a counted attempt. Then `signal` is aborted, and what the handler returns is not handed in.
   *
   * @param options - `pass` hands the task on to another agent, `to` names that agent.
   */
  release(reason?: string, options?: Pick<ReleaseTaskInput, 'pass' | 'to'>): Promise<void>;
}
