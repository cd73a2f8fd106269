import type {
  ClaimNextTaskInput,
  ClaimResultFragment,
  CommentFieldsFragment,
  QuestionFieldsFragment,
} from '../../generated/operations.js';
import type { Client } from '../client.js';
import { LeaseLostError } from '../errors/refusals.js';
import { TimeoutError, WrongAddressError } from '../errors/request-errors.js';
import { wasNeverSent } from '../http/send.js';
import { withTimeout } from '../http/with-timeout.js';
import { monotonicMs, newKey, withinAfter } from '../platform.js';
import { restAfterQuickAnswer } from './backoff.js';
import { CapacityWatch, type OwnRuns } from './capacity.js';
import { type Connection, isUnknown } from './connection.js';
import type { ClaimedTask, Settings, WorkerOptions } from './options.js';

/** A claim that was granted. */
export interface Work {
  readonly task: ClaimedTask;
  readonly run: NonNullable<ClaimResultFragment['run']>;
  readonly questions: readonly QuestionFieldsFragment[];
  readonly comments: readonly CommentFieldsFragment[];
  /** When the claim was sent, on the monotonic clock. */
  readonly sentAt: number;
}

/** A claim as it was sent. The same key gets the same answer. */
interface SentClaim {
  readonly input: ClaimNextTaskInput;
  /** When it was sent first, on the monotonic clock. */
  readonly sentAt: number;
}

/** How long a worker that has stopped tries to give back what it holds. Then the end of the lease does it. */
const GIVE_BACK_MS = 10_000;

/** How long a worker that stops asks whether a claim without an answer was granted, and how long if the server is away. */
const UNDO_MS = 3_000;
const UNDO_AWAY_MS = 500;

const STOPS = 'The worker stops.';

/** The claims of one worker, and the giving back of what it has claimed. */
export class Claims {
  readonly #client: Client;
  readonly #options: Pick<WorkerOptions, 'tags' | 'capabilities' | 'model'>;
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #capacity: CapacityWatch;
  /** Aborted when the worker stops. */
  readonly #stopping: AbortSignal;
  /** Claims without an answer, which may have been granted: they are sent again before any other. */
  readonly #unanswered: SentClaim[] = [];
  /** True until an answer shows that the agent holds nothing that this worker could resume. */
  #mayResume: boolean;
  /** The run that was resumed last. Until it ends, a claim that resumes would be answered with it again. */
  #resumed: string | undefined;

  constructor(
    client: Client,
    options: Pick<WorkerOptions, 'tags' | 'capabilities' | 'model' | 'resume'>,
    { settings, connection, stopping }: { settings: Settings; connection: Connection; stopping: AbortSignal },
  ) {
    this.#client = client;
    this.#options = options;
    this.#settings = settings;
    this.#connection = connection;
    this.#capacity = new CapacityWatch(client, settings);
    this.#stopping = stopping;
    this.#mayResume = options.resume ?? false;
  }

  /**
   * The next task; null if there was none within the time that a claim waits, or if the worker stops.
   *
   * @param own - the runs that this worker holds.
   */
  async next(own: OwnRuns): Promise<Work | null> {
    const startedAt = monotonicMs();
    const kept = this.#unanswered.shift();
    const claim = kept ?? this.#newClaim(own);
    const answer = await this.#send(claim, kept === undefined);
    if (!answer) return null;
    const work = this.toWork(answer, claim.sentAt);
    // A claim that resumes is answered with the agent's oldest run, also when this worker has claimed it: then all runs from
    // before have ended.
    const isMine = work !== null && own.has(work.run.id);
    const { resume = false } = claim.input;
    if (resume && (answer.reason !== 'CONTINUE_CURRENT' || isMine)) this.#mayResume = false;
    else if (resume) this.#resumed = work?.run.id;
    if (work) return isMine ? null : work;
    if (answer.reason === 'AT_CAPACITY' && !this.#mayResume) await this.#capacity.explain(own);
    await restAfterQuickAnswer(startedAt, this.#stopping);
    return null;
  }

  /** A claim that does not wait, with a key of its own. */
  input(): ClaimNextTaskInput {
    const { agent, capacity, leaseMs } = this.#settings;
    const { tags, capabilities, model } = this.#options;
    const lease = `PT${leaseMs / 1_000}S`;
    return { agent, maxCapacity: capacity, lease, tags, capabilities, model, idempotencyKey: newKey() };
  }

  /** The work of an answer, if it brings any. */
  toWork(claim: Omit<ClaimResultFragment, 'errors'>, sentAt: number): Work | null {
    const { task, run, questions, comments } = claim;
    return task && run ? { task, run, questions: questions ?? [], comments: comments ?? [], sentAt } : null;
  }

  /** Keeps a claim whose answer is unknown. The next claim, or the end of the worker, finds out what it has granted. */
  keep(claim: SentClaim): void {
    this.#unanswered.push(claim);
  }

  /** Work whose claim was answered too late. A renewed lease shows that the run is still live. Null if it is not. */
  async renew(work: Work): Promise<Work | null> {
    const runId = work.run.id;
    const lease = `PT${this.#settings.leaseMs / 1_000}S`;
    let sentAt = work.sentAt;
    const request = (options: object) => {
      sentAt = monotonicMs();
      return this.#client.renewLease({ runId, lease }, options);
    };
    try {
      await this.#connection.untilAnswered(request, { signal: this.#stopping });
      return { ...work, sentAt };
    } catch (error) {
      if (error instanceof LeaseLostError) return null;
      if (!this.#stopping.aborted) this.#connection.report(error);
      return this.giveBack(runId, this.#stopping.aborted ? STOPS : 'The answer to the claim came too late.');
    }
  }

  /**
   * Releases a run because the worker does not work on it: until the server has answered, and after a stop for ten seconds at
   * most. Answers with null: there is no next task.
   */
  async giveBack(runId: string, reason = STOPS): Promise<null> {
    const message = `${runId} may not have been given back: the server did not answer. Its lease ends by itself.`;
    const limit = { after: this.#stopping, ms: GIVE_BACK_MS, reason: new TimeoutError(message) };
    try {
      await withinAfter(limit, (signal) =>
        this.#connection.untilAnswered((options) => this.#client.releaseTask({ runId, reason }, options), {
          signal,
        }),
      );
    } catch (error) {
      // Another agent has the task already, or the run has ended: there is nothing to give back.
      if (!(error instanceof LeaseLostError)) this.#settings.onError(error);
    }
    return null;
  }

  /** Gives back what claims without an answer may have granted. The worker has stopped. */
  async undo(): Promise<void> {
    await Promise.all(this.#unanswered.splice(0).map((claim) => this.#undo(claim)));
  }

  #newClaim(own: OwnRuns): SentClaim {
    const resume = this.#mayResume && !(this.#resumed && own.has(this.#resumed));
    return { input: { ...this.input(), resume }, sentAt: monotonicMs() };
  }

  /** Null if the worker stops. A claim without an answer is kept if the server may have granted it. */
  async #send(claim: SentClaim, isNew: boolean) {
    const input = { ...claim.input, waitSeconds: this.#settings.waitSeconds };
    try {
      return await this.#connection.attempt(
        (options) => this.#client.claimNextTask(input, options),
        this.#stopping,
      );
    } catch (error) {
      if (this.#stopping.aborted || (isUnknown(error) && !(isNew && wasNeverSent(error)))) this.keep(claim);
      if (this.#stopping.aborted) return null;
      throw error;
    }
  }

  async #undo({ input }: SentClaim): Promise<void> {
    const message = 'The server did not answer, so a task may have been claimed. Its lease ends by itself.';
    const limit = { ms: this.#connection.isAway ? UNDO_AWAY_MS : UNDO_MS, signal: undefined, message };
    const ask = (options: object) => this.#client.claimNextTask({ ...input, waitSeconds: 0 }, options);
    try {
      const isWanted = (error: unknown) => !(wasNeverSent(error) || error instanceof WrongAddressError);
      const { run } = await withTimeout(limit, (signal) =>
        this.#connection.untilAnswered(ask, { signal, isWanted }),
      );
      if (run) await this.giveBack(run.id);
    } catch (error) {
      this.#connection.report(error);
    }
  }
}
