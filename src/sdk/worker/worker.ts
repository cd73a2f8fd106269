import type { Client } from '../client.js';
import { LeaseLostError } from '../errors/refusals.js';
import { monotonicMs, pause } from '../platform.js';
import { RunSuspendedError } from './asking.js';
import { Backoff } from './backoff.js';
import { Claims, type Work } from './claims.js';
import { handIn } from './hand-in.js';
import { Heartbeats, isFinal } from './heartbeats.js';
import { Lease, RunGivenBackError } from './lease.js';
import { type Settings, type StopOptions, toSettings, type Worker, type WorkerOptions } from './options.js';
import { NonRetryableError, Run } from './run.js';

/**
 * Makes a worker: it claims tasks for an agent, hands them to `handle`, and hands the results in.
 *
 * It never works on a task that may belong to another worker: heartbeats renew the leases on a timer of their own, and when
 * no heartbeat was accepted for the length of a lease, the signal of the run is aborted and nothing is handed in. It
 * survives restarts of the server and lost connections, and claims with backoff while the server does not answer.
 *
 * @throws RangeError for a capacity or a lease that no server accepts.
 */
export function createWorker(client: Client, options: WorkerOptions): Worker {
  return new ClaimingWorker(client, options, toSettings(options));
}

class ClaimingWorker implements Worker {
  readonly #client: Client;
  readonly #options: WorkerOptions;
  readonly #settings: Settings;
  readonly #heartbeats: Heartbeats;
  readonly #claims: Claims;
  /** Aborted when the worker stops: it ends the claim that waits. */
  readonly #stopping = new AbortController();
  /** The leases that a stop gives back. */
  readonly #leases = new Set<Lease>();
  /** The runs that this worker holds. */
  readonly #runs = new Map<string, Run>();
  readonly #slots = new Set<Promise<void>>();
  #running: Promise<void> | undefined;

  constructor(client: Client, options: WorkerOptions, settings: Settings) {
    this.#client = client;
    this.#options = options;
    this.#settings = settings;
    const { agent, leaseMs, onError } = settings;
    this.#heartbeats = new Heartbeats({
      ...{ client, agent, leaseMs, onError, kind: 'task' },
      onAnswers: (questions) => {
        for (const run of this.#runs.values()) run.receiveAnswers(questions);
      },
    });
    this.#claims = new Claims(client, options, settings);
  }

  run(): Promise<void> {
    this.#running ??= this.#runUntilStopped();
    return this.#running;
  }

  async stop({ finishWithinMs = 0 }: StopOptions = {}): Promise<void> {
    this.#stopping.abort();
    if (finishWithinMs > 0) {
      const timer = new AbortController();
      await Promise.race([this.#allEnded(), pause(finishWithinMs, timer.signal).catch(() => undefined)]);
      timer.abort();
    }
    for (const lease of this.#leases) this.#giveBack(lease);
    await this.#allEnded();
    await this.#running?.catch(() => undefined);
  }

  async #runUntilStopped(): Promise<void> {
    try {
      await this.#claimUntilStopped();
    } finally {
      // After a refusal for good, the handlers that still run must not bring further tasks.
      this.#stopping.abort();
      await this.#allEnded();
    }
  }

  async #allEnded(): Promise<void> {
    while (this.#slots.size > 0) await Promise.all(this.#slots);
  }

  /** One claim waits at a time, while there is a free slot. */
  async #claimUntilStopped(): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff();
    while (!signal.aborted) {
      if (this.#slots.size >= this.#settings.capacity) {
        await Promise.race(this.#slots);
        continue;
      }
      try {
        const work = await this.#claims.next((runId) => this.#runs.has(runId), signal);
        backoff.reset();
        if (work) this.#occupy(this.#handleAll(work));
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        this.#settings.onError(error);
        await backoff.wait(error, signal);
      }
    }
  }

  /** Adds work to the slots. It never rejects there, because a rejection would end the worker. */
  #occupy(work: Promise<unknown>): void {
    const slot: Promise<void> = work
      .then(
        () => undefined,
        (error) => this.#settings.onError(error),
      )
      .finally(() => this.#slots.delete(slot));
    this.#slots.add(slot);
  }

  /** Handles a task, and then those that come with the answers to the results. */
  async #handleAll(first: Work): Promise<void> {
    for (let work: Work | null = first; work; ) work = await this.#handle(work);
  }

  async #handle(work: Work): Promise<Work | null> {
    const { task, run, sentAt } = work;
    const lease = new Lease(run.id, this.#settings.leaseMs, sentAt);
    // The answer to the claim may have come late.
    const isUsable = lease.isHeld() && !this.#stopping.signal.aborted;
    if (!isUsable) lease.end();
    if (!isUsable) return this.#claims.giveBack(run.id);
    const handled = new Run(this.#client, lease, work);
    this.#leases.add(lease);
    this.#runs.set(run.id, handled);
    this.#heartbeats.add(lease);
    // The claim may have waited for a third of the lease.
    if (monotonicMs() - sentAt > this.#heartbeats.everyMs / 2) void this.#heartbeats.send();
    try {
      return await this.#attempt(task, lease, handled);
    } finally {
      this.#heartbeats.remove(lease);
      this.#runs.delete(run.id);
      this.#leases.delete(lease);
    }
  }

  async #attempt(task: Work['task'], lease: Lease, run: Run): Promise<Work | null> {
    try {
      const resolution = await this.#options.handle(task, run);
      if (!this.#close(lease)) return null;
      if (!resolution) throw new Error('The handler returned no result.');
      const wantsNext = !this.#stopping.signal.aborted;
      const context = { client: this.#client, claims: this.#claims, onError: this.#settings.onError };
      const { refusal, next } = await handIn(context, run, lease, { resolution, wantsNext });
      if (refusal) await this.#fail(run, lease, refusal);
      return next;
    } catch (error) {
      if (this.#close(lease)) await this.#fail(run, lease, error);
      return null;
    }
  }

  /**
   * Begins to end a run. From here on `stop` waits for the answer: giving the run back now would meet its own completion.
   * False if the run is not held any more, so that nothing may be sent for it.
   */
  #close(lease: Lease): boolean {
    this.#leases.delete(lease);
    if (!lease.isHeld()) {
      const { reason } = lease.signal;
      const isWanted = reason instanceof RunGivenBackError || reason instanceof RunSuspendedError;
      if (!isWanted) this.#settings.onError(reason);
      return false;
    }
    lease.isClosing = true;
    return true;
  }

  /** Ends the attempt with an error: the handler's, or the refusal of its result. */
  async #fail(run: Run, lease: Lease, error: unknown): Promise<void> {
    if (error instanceof LeaseLostError) return this.#settings.onError(error);
    const message =
      (error instanceof Error ? error.message : String(error)) || 'The handler failed without a message.';
    const retry = !(error instanceof NonRetryableError);
    try {
      await this.#client.failTask({ runId: run.id, error: message, retry }, { signal: lease.signal });
    } catch (failure) {
      this.#settings.onError(failure);
    }
  }

  /** Gives a run back at once: first the signal of its handler is aborted. */
  #giveBack(lease: Lease): void {
    // The handler gives it back by itself.
    if (!lease.isHeld() || lease.isClosing) return;
    lease.lose(new RunGivenBackError(lease.runId, 'The worker stops: the task was given back.'));
    // A slot, because neither `run` nor `stop` may resolve before the server has the task back.
    this.#occupy(this.#claims.giveBack(lease.runId));
  }
}
