import type { ClaimNextTaskInput, ClaimResultFragment } from '../../generated/operations.js';
import type { Client } from '../client.js';
import { monotonicMs, newKey, pause, random } from '../platform.js';
import type { ClaimedTask, Settings, WorkerOptions } from './options.js';

/** A claim that was granted. */
export interface Work {
  readonly task: ClaimedTask;
  readonly run: NonNullable<ClaimResultFragment['run']>;
  /** When the claim was sent, on the monotonic clock. */
  readonly sentAt: number;
}

/** The pause after a claim that was answered at once and without a task: the agent is paused or at capacity. */
const BUSY_PAUSE_MS = 1_000;

/** The claims of one worker. */
export class Claims {
  readonly #client: Client;
  readonly #options: Pick<WorkerOptions, 'tags' | 'capabilities' | 'resume'>;
  readonly #settings: Settings;

  constructor(
    client: Client,
    options: Pick<WorkerOptions, 'tags' | 'capabilities' | 'resume'>,
    settings: Settings,
  ) {
    this.#client = client;
    this.#options = options;
    this.#settings = settings;
  }

  /** The next task; null if there was none within the time that a claim waits, or if the signal was aborted. */
  async next(signal: AbortSignal): Promise<Work | null> {
    const { resume = false } = this.#options;
    const input = { ...this.input(), waitSeconds: this.#settings.waitSeconds, resume };
    const sentAt = monotonicMs();
    try {
      const answer = await this.#client.claimNextTask(input, { signal });
      // These are answered at once, so asking again at once would be a busy loop.
      if (answer.reason === 'AT_CAPACITY' || answer.reason === 'AGENT_PAUSED')
        await pause(BUSY_PAUSE_MS * (0.5 + random()), signal);
      return this.toWork(answer, sentAt);
    } catch (error) {
      if (!signal.aborted) throw error;
      await this.#undo(input);
      return null;
    }
  }

  /** A claim that does not wait, with a key of its own. */
  input(): ClaimNextTaskInput {
    const { agent, capacity, leaseMs } = this.#settings;
    const { tags, capabilities } = this.#options;
    const lease = `PT${leaseMs / 1_000}S`;
    return { agent, maxCapacity: capacity, lease, tags, capabilities, idempotencyKey: newKey() };
  }

  /** The work of an answer, if it brings any. */
  toWork({ task, run }: Pick<ClaimResultFragment, 'task' | 'run'>, sentAt: number): Work | null {
    return task && run ? { task, run, sentAt } : null;
  }

  /** Releases a run because the worker stops. Answers with null: there is no next task. */
  async giveBack(runId: string): Promise<null> {
    try {
      await this.#client.releaseTask({ runId, reason: 'The worker stops.' });
    } catch (error) {
      this.#settings.onError(error);
    }
    return null;
  }

  /**
   * A claim that was broken off may have been granted while its answer was on its way. The same key gets the same answer,
   * and what it grants is given back.
   */
  async #undo(input: ClaimNextTaskInput): Promise<void> {
    try {
      const { run } = await this.#client.claimNextTask({ ...input, waitSeconds: 0 });
      if (run) await this.giveBack(run.id);
    } catch (error) {
      this.#settings.onError(error);
    }
  }
}
