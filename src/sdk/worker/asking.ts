import type { AskQuestionInput, QuestionFieldsFragment } from '../../generated/operations.js';
import type { Client } from '../client.js';
import { MissionControlError } from '../errors/base.js';
import { LeaseLostError, RefusedError } from '../errors/refusals.js';
import { newKey } from '../platform.js';
import type { Lease } from './lease.js';

/** A question to people, without the run that asks it. */
export type Ask = Omit<AskQuestionInput, 'runId' | 'idempotencyKey'>;

/** What people answered. */
export type Answered = NonNullable<QuestionFieldsFragment['answer']>;

/**
 * The run has ended with a question: the reason of `run.signal`, and what `run.ask` throws then. Let it pass through the
 * handler. The answer starts the handler again, with another run.
 */
export class RunSuspendedError extends MissionControlError {
  /** The run. */
  readonly runId: string;
  /** The question. */
  readonly questionId: string;

  constructor(runId: string, questionId: string) {
    super('RUN_SUSPENDED', `${runId} waits for the answer to ${questionId}.`);
    this.runId = runId;
    this.questionId = questionId;
  }
}

/** The questions of one run: those that earlier runs have asked, and those that it asks itself. */
export class Asking {
  readonly #client: Client;
  readonly #lease: Lease;
  /** Questions of earlier runs that have ended, oldest first. */
  readonly #earlier: readonly QuestionFieldsFragment[];
  /** The questions of earlier runs that this run has taken up. */
  readonly #taken = new Set<string>();
  readonly #waiting = new Map<string, (answer: Answered | null) => void>();

  constructor(client: Client, lease: Lease, earlier: readonly QuestionFieldsFragment[]) {
    this.#client = client;
    this.#lease = lease;
    this.#earlier = earlier;
  }

  /** The answer that an earlier run got to the same question, or the answer to a new one. */
  async ask(question: Ask): Promise<Answered | null> {
    const asked = this.#findEarlier(question);
    if (asked) return asked.answer;
    return question.blocking === false ? this.#askAside(question) : this.#suspend(question);
  }

  /** Ends the run with the question. */
  async #suspend(question: Ask): Promise<never> {
    // From here on the run may be over because of this request.
    this.#lease.isClosing = true;
    const kept = await this.#send(question).catch((error) => {
      // A refused question has changed nothing.
      if (error instanceof RefusedError && !(error instanceof LeaseLostError)) this.#lease.isClosing = false;
      else this.#lease.loseAfter(error);
      throw error;
    });
    const suspended = new RunSuspendedError(this.#lease.runId, kept.question.id);
    this.#lease.lose(suspended);
    throw suspended;
  }

  /** Asks while the run goes on. The answer comes with a heartbeat. */
  async #askAside(question: Ask): Promise<Answered | null> {
    const { id } = (await this.#send(question)).question;
    const { signal } = this.#lease;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, resolve);
      const end = () => this.#waiting.delete(id) && reject(signal.reason);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }

  /** Takes the answers that a heartbeat has brought. */
  receive(questions: readonly QuestionFieldsFragment[]): void {
    for (const { id, answer } of questions) {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    }
  }

  /** The oldest earlier question with this text that was not taken up: a handler asks its questions in the same order again. */
  #findEarlier({ text }: Ask): QuestionFieldsFragment | undefined {
    const found = this.#earlier.find((each) => each.text === text && !this.#taken.has(each.id));
    if (found) this.#taken.add(found.id);
    return found;
  }

  #send(question: Ask) {
    const { runId, signal } = this.#lease;
    return this.#client.askQuestion({ ...question, runId, idempotencyKey: newKey() }, { signal });
  }
}
