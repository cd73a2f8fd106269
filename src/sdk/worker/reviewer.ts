import type { SubmitVerdictInput, Verdict } from '../../generated/operations.js';
import type { Client } from '../client.js';
import { LeaseLostError, SupersededError } from '../errors/refusals.js';
import { monotonicMs, newKey, pause } from '../platform.js';
import { Backoff, restAfterQuickAnswer } from './backoff.js';
import { Connection } from './connection.js';
import { withGrace } from './handling.js';
import { Heartbeats, isFinal } from './heartbeats.js';
import { Lease } from './lease.js';
import { type ClaimedTask, type Settings, type StopOptions, toSettings, type Worker } from './options.js';

/** One round of review, as the judge sees it. */
export interface ReviewRound {
  /** The round that the verdict is for. */
  readonly round: number;
  /** A prompt for a model, which asks for the verdict in the form that the server defines. */
  readonly prompt: string;
  /** Aborted when the round may have gone to another reviewer, or the reviewer stops. */
  readonly signal: AbortSignal;
}

/** What a judge answers. A rejection needs feedback: the worker gets it with its next attempt. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly feedback?: string | null;
}

/** How a reviewer works. */
export interface ReviewerOptions {
  /** The name of the reviewing agent. A key that is bound to an agent needs none. */
  readonly agent?: string;
  /** The length of a lease in seconds, at least 10; 60 if left out. */
  readonly leaseSeconds?: number;
  /** Judges one round. An error of the judge is reported, and the round is claimed again. */
  readonly judge: (task: ClaimedTask, review: ReviewRound) => Promise<Judgement> | Judgement;
  /**
   * How long a judge may go on after its signal was aborted, in milliseconds; 10,000 if left out. Then it is reported as
   * HandlerStillRunningError, and a reviewer that stops does not wait for it any longer. Its verdict is not submitted.
   */
  readonly graceMs?: number;
  /**
   * Called with everything that went wrong and was survived; written to the console if left out. A failure of the connection is
   * reported when it begins, and not again until the server has answered.
   */
  readonly onError?: (error: unknown) => unknown;
}

/**
 * Makes a reviewer: it claims rounds of review one at a time, judges them, and submits the verdicts. A verdict that comes
 * too late is not submitted, or is recorded as superseded and changes nothing.
 *
 * @throws TypeError without a judge, and RangeError for a lease that no server accepts.
 */
export function createReviewer(client: Client, options: ReviewerOptions): Worker {
  return new ClaimingReviewer(client, options, toSettings(options, ['judge', options.judge]));
}

interface ClaimedRound {
  readonly task: ClaimedTask;
  readonly runId: string;
  readonly round: number;
  readonly prompt: string;
  readonly sentAt: number;
}

class ClaimingReviewer implements Worker {
  readonly #client: Client;
  readonly #options: ReviewerOptions;
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #heartbeats: Heartbeats;
  /** Aborted when the reviewer stops: it ends the claim that waits. */
  readonly #stopping = new AbortController();
  #lease: Lease | undefined;
  #running: Promise<void> | undefined;

  constructor(client: Client, options: ReviewerOptions, settings: Settings) {
    this.#client = client;
    this.#options = options;
    this.#settings = settings;
    const { agent, leaseMs } = settings;
    const connection = new Connection(settings);
    this.#connection = connection;
    this.#heartbeats = new Heartbeats({ client, connection, agent, leaseMs, kind: 'review' });
  }

  run(): Promise<void> {
    this.#running ??= this.#reviewUntilStopped();
    return this.#running;
  }

  async stop({ finishWithinMs = 0 }: StopOptions = {}): Promise<void> {
    this.#stopping.abort();
    const running = this.#running?.catch(() => undefined);
    if (finishWithinMs > 0 && running) {
      const timer = new AbortController();
      await Promise.race([running, pause(finishWithinMs, timer.signal).catch(() => undefined)]);
      timer.abort();
    }
    this.#lease?.lose(new Error('The reviewer stops.'));
    await running;
  }

  async #reviewUntilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff();
    while (!signal.aborted) {
      const claimed = await this.#claim(signal).catch((error: unknown) => ({ error }));
      // Only a refused claim is final: an error of the judge may carry any code.
      if (claimed && 'error' in claimed && !signal.aborted && isFinal(claimed.error)) throw claimed.error;
      try {
        if (claimed && 'error' in claimed) throw claimed.error;
        if (claimed) await this.#judge(claimed);
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        this.#connection.report(error);
        await backoff.wait(error, signal);
      }
    }
  }

  /** A round that this reviewer holds already, such as one whose answer was lost, is returned first. */
  async #claim(stopping: AbortSignal): Promise<ClaimedRound | null> {
    const { agent, leaseMs, waitSeconds } = this.#settings;
    const sentAt = monotonicMs();
    const claim = { agent, lease: `PT${leaseMs / 1_000}S`, waitSeconds };
    const { task, runId, round, prompt } = await this.#connection.attempt(
      (options) => this.#client.claimNextReview(claim, options),
      stopping,
    );
    if (task && runId !== null && round !== null) return { task, runId, round, prompt: prompt ?? '', sentAt };
    await restAfterQuickAnswer(sentAt, stopping);
    return null;
  }

  async #judge({ task, runId, round, prompt, sentAt }: ClaimedRound): Promise<void> {
    const lease = new Lease(runId, this.#settings.leaseMs, sentAt);
    this.#lease = lease;
    this.#heartbeats.add(lease);
    try {
      const { signal } = lease;
      // A judge may be no async function.
      const judging = (async () => this.#options.judge(task, { round, prompt, signal }))();
      const { graceMs, onError } = this.#settings;
      const stopping = this.#stopping.signal;
      const judgement = await withGrace(judging, { runId, signal, stopping, graceMs, onError });
      if (lease.isHeld()) await this.#submit({ task: { id: task.id }, round, ...judgement }, lease);
    } finally {
      this.#heartbeats.remove(lease);
    }
  }

  /** Another reviewer, or a person, was faster: their verdict stands. */
  async #submit(verdict: SubmitVerdictInput, lease: Lease): Promise<void> {
    const input = { ...verdict, reviewer: this.#settings.agent, idempotencyKey: newKey() };
    try {
      await this.#connection.untilAnswered((options) => this.#client.submitVerdict(input, options), {
        signal: lease.signal,
        isWanted: () => lease.isHeld(),
      });
    } catch (error) {
      if (!(error instanceof SupersededError || error instanceof LeaseLostError)) throw error;
      this.#settings.onError(error);
    }
  }
}
