import type {
  CommentFieldsFragment,
  CreateTaskInput,
  QuestionFieldsFragment,
  ReleaseTaskInput,
  TokenUsageInput,
} from '../../generated/operations.js';
import type { Client } from '../client.js';
import { LeaseLostError, RefusedError } from '../errors/refusals.js';
import { type Answered, type Ask, Asking } from './asking.js';
import { type Lease, RunGivenBackError } from './lease.js';
import type { Run } from './run.js';

/** What a claim has brought beside the task. */
interface Claimed extends Pick<Run, 'questions' | 'comments'> {
  readonly run: Pick<Run, 'number'>;
}

/** A run that a worker handles. */
export class HandledRun implements Run {
  readonly id: string;
  readonly number: number;
  readonly signal: AbortSignal;
  readonly questions: readonly QuestionFieldsFragment[];
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

  async progress(message: string, percent?: number): Promise<void> {
    this.#check();
    await this.#client
      .reportProgress({ runId: this.id, message, percent }, { signal: this.signal })
      .catch((error) => {
        if (error instanceof LeaseLostError) this.#lease.lose(error);
        throw error;
      });
  }

  ask(question: Ask | string): Promise<Answered | null> {
    const asked = this.#ask(typeof question === 'string' ? { text: question } : question);
    // A handler that does not wait for an answer must not end the process when the run ends.
    asked.catch(() => undefined);
    return asked;
  }

  usage(usage: TokenUsageInput): void {
    this.#usage = usage;
  }

  followUp(input: CreateTaskInput): void {
    this.#followUps.push(input);
  }

  async release(reason?: string, options: Pick<ReleaseTaskInput, 'pass' | 'to'> = {}): Promise<void> {
    this.#check();
    this.#lease.isClosing = true;
    try {
      await this.#client.releaseTask({ runId: this.id, reason, ...options });
      this.#lease.lose(new RunGivenBackError(this.id, 'The handler gave the task back.'));
    } catch (error) {
      // A refused release has changed nothing.
      if (error instanceof RefusedError && !(error instanceof LeaseLostError)) this.#lease.isClosing = false;
      else this.#lease.loseAfter(error);
      throw error;
    }
  }

  /** Takes the answers that a heartbeat has brought. */
  receiveAnswers(questions: readonly QuestionFieldsFragment[]): void {
    this.#asking.receive(questions);
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
