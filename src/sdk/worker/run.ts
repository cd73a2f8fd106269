import type {
  CommentFieldsFragment,
  CreateTaskInput,
  QuestionFieldsFragment,
  ReleaseTaskInput,
  TokenUsageInput,
} from '../../generated/operations.js';
import type { Client } from '../client.js';
import { MissionControlError } from '../errors/base.js';
import { LeaseLostError, RefusedError } from '../errors/refusals.js';
import { type Answered, type Ask, Asking } from './asking.js';
import { type Lease, RunGivenBackError } from './lease.js';

/** Throw it from a handler to end the task as FAILED. Other errors end the attempt, and the server retries the task. */
export class NonRetryableError extends MissionControlError {
  constructor(message: string, options?: ErrorOptions) {
    super('NON_RETRYABLE', message, options);
  }
}

/** What a claim has brought beside the task. */
interface Claimed extends Pick<Run, 'questions' | 'comments'> {
  readonly run: Pick<Run, 'number'>;
}

/** One attempt at a task, as the handler sees it. */
export class Run {
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
  readonly #client: Client;
  readonly #lease: Lease;
  readonly #asking: Asking;
  #usage: TokenUsageInput | undefined;
  #followUps: CreateTaskInput[] = [];

  constructor(client: Client, lease: Lease, { run, questions, comments }: Claimed) {
    this.id = lease.runId;
    this.number = run.number;
    this.questions = questions;
    this.comments = comments;
    this.#asking = new Asking(client, lease, questions);
    this.signal = lease.signal;
    this.#client = client;
    this.#lease = lease;
  }

  /**
   * Reports the progress, which people see live. It extends no lease.
   *
   * @param percent - the completed share, 0 to 100.
   * @throws LeaseLostError when the run no longer holds its task.
   */
  async progress(message: string, percent?: number): Promise<void> {
    this.#check();
    await this.#client
      .reportProgress({ runId: this.id, message, percent }, { signal: this.signal })
      .catch((error) => {
        if (error instanceof LeaseLostError) this.#lease.lose(error);
        throw error;
      });
  }

  /**
   * Asks people a question. Without an answer from an earlier run the question ends this run: it throws RunSuspendedError, which
   * the handler must let pass. The answer starts the handler again, which asks the same question, with the same text, and gets
   * the answer. With `blocking: false` the run goes on, and the promise settles when the answer comes with a heartbeat.
   *
   * @returns the answer; null if the question was withdrawn.
   * @throws RunSuspendedError when the run has ended with the question. @throws LeaseLostError, and the reason of `signal`, when
   * the run no longer holds its task. @throws InvalidInputError for a question that can't be asked so.
   */
  ask(question: Ask | string): Promise<Answered | null> {
    const asked = this.#ask(typeof question === 'string' ? { text: question } : question);
    // A handler that does not wait for an answer must not end the process when the run ends.
    asked.catch(() => undefined);
    return asked;
  }

  /** Takes the answers that a heartbeat has brought. */
  receiveAnswers(questions: readonly QuestionFieldsFragment[]): void {
    this.#asking.receive(questions);
  }

  /** Keeps the model, the tokens and the cost for the result; a later call replaces an earlier one. */
  usage(usage: TokenUsageInput): void {
    this.#usage = usage;
  }

  /** Adds a task that is created together with the result, in one transaction. */
  followUp(input: CreateTaskInput): void {
    this.#followUps.push(input);
  }

  /**
   * Gives the task back without a counted attempt. Then `signal` is aborted, and what the handler returns is not handed in.
   *
   * @param options - `pass` hands the task on to another agent, `to` names that agent.
   */
  async release(reason?: string, options: Pick<ReleaseTaskInput, 'pass' | 'to'> = {}): Promise<void> {
    this.#check();
    this.#lease.isClosing = true;
    try {
      await this.#client.releaseTask({ runId: this.id, reason, ...options });
      this.#lease.lose(new RunGivenBackError(this.id, 'The handler gave the task back.'));
    } catch (error) {
      // A refused release has changed nothing. After any other failure the run may be over, so it counts as lost.
      if (error instanceof RefusedError && !(error instanceof LeaseLostError)) this.#lease.isClosing = false;
      else this.#lease.lose(error);
      throw error;
    }
  }

  /** What is handed in together with the result. */
  get outcome(): {
    readonly usage: TokenUsageInput | undefined;
    readonly followUps: readonly CreateTaskInput[] | undefined;
  } {
    return { usage: this.#usage, followUps: this.#followUps.length > 0 ? this.#followUps : undefined };
  }

  async #ask(question: Ask): Promise<Answered | null> {
    this.#check();
    return this.#asking.ask(question);
  }

  #check(): void {
    if (!this.#lease.isHeld()) throw this.signal.reason;
  }
}
