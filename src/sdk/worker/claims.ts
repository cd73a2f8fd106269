import type {
  ClaimNextTaskInput,
  ClaimResultFragment,
  CommentFieldsFragment,
  QuestionFieldsFragment,
} from '../../generated/operations.js';
import type { Client } from '../client.js';
import { withTimeout } from '../http/with-timeout.js';
import { monotonicMs, newKey } from '../platform.js';
import { restAfterQuickAnswer } from './backoff.js';
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

/** How long a worker tries to give back what it no longer works on. Then the end of the lease does it. */
const GIVE_BACK_MS = 10_000;

const NOT_GIVEN_BACK =
  'The server did not answer in time, so a run may not have been given back. Its lease ends by itself.';

/** The claims of one worker. */
export class Claims {
  readonly #client: Client;
  readonly #options: Pick<WorkerOptions, 'tags' | 'capabilities'>;
  readonly #settings: Settings;
  /** True until an answer shows that the agent holds nothing that this worker could resume. */
  #mayResume: boolean;
  /** The run that was resumed last. Until it ends, a claim that resumes would be answered with it again. */
  #resumed: string | undefined;

  constructor(
    client: Client,
    options: Pick<WorkerOptions, 'tags' | 'capabilities' | 'resume'>,
    settings: Settings,
  ) {
    this.#client = client;
    this.#options = options;
    this.#settings = settings;
    this.#mayResume = options.resume ?? false;
  }

  /**
   * The next task; null if there was none within the time that a claim waits, or if the signal was aborted.
   *
   * @param isHeld - tells whether this worker holds a run already.
   */
  async next(isHeld: (runId: string) => boolean, signal: AbortSignal): Promise<Work | null> {
    const resume = this.#mayResume && !(this.#resumed && isHeld(this.#resumed));
    const input = { ...this.input(), waitSeconds: this.#settings.waitSeconds, resume };
    const sentAt = monotonicMs();
    const answer = await this.#client.claimNextTask(input, { signal }).catch(async (error) => {
      if (!signal.aborted) throw error;
      await this.undo(input);
      return null;
    });
    if (!answer) return null;
    const work = this.toWork(answer, sentAt);
    // A claim that resumes is answered with the agent's oldest run, also when this worker has claimed it: then all runs from
    // before have ended.
    const isMine = work !== null && isHeld(work.run.id);
    if (resume && (answer.reason !== 'CONTINUE_CURRENT' || isMine)) this.#mayResume = false;
    else if (resume) this.#resumed = work?.run.id;
    if (work) return isMine ? null : work;
    await restAfterQuickAnswer(sentAt, signal);
    return null;
  }

  /** A claim that does not wait, with a key of its own. */
  input(): ClaimNextTaskInput {
    const { agent, capacity, leaseMs } = this.#settings;
    const { tags, capabilities } = this.#options;
    const lease = `PT${leaseMs / 1_000}S`;
    return { agent, maxCapacity: capacity, lease, tags, capabilities, idempotencyKey: newKey() };
  }

  /** The work of an answer, if it brings any. */
  toWork(claim: Omit<ClaimResultFragment, 'errors'>, sentAt: number): Work | null {
    const { task, run, questions, comments } = claim;
    return task && run ? { task, run, questions: questions ?? [], comments: comments ?? [], sentAt } : null;
  }

  /** Releases a run because the worker does not work on it. Answers with null: there is no next task. */
  async giveBack(runId: string, reason = 'The worker stops.'): Promise<null> {
    await this.#tryForAWhile((signal) => this.#client.releaseTask({ runId, reason }, { signal }));
    return null;
  }

  /**
   * A claim whose answer was lost or broken off may have been granted. The same key gets the same answer, and what it grants
   * is given back.
   */
  async undo(input: ClaimNextTaskInput): Promise<void> {
    await this.#tryForAWhile(async (signal) => {
      const { run } = await this.#client.claimNextTask({ ...input, waitSeconds: 0 }, { signal });
      if (run) await this.#client.releaseTask({ runId: run.id, reason: 'The worker stops.' }, { signal });
    });
  }

  async #tryForAWhile(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    try {
      await withTimeout({ ms: GIVE_BACK_MS, signal: undefined, message: NOT_GIVEN_BACK }, work);
    } catch (error) {
      this.#settings.onError(error);
    }
  }
}
