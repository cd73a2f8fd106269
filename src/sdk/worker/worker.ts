import type { Client } from '../client.js';
import { RefusedError } from '../errors/refusals.js';
import { monotonicMs, pause } from '../platform.js';
import { Backoff } from './backoff.js';
import { Claims, type Work } from './claims.js';
import { Heartbeats, isFinal } from './heartbeats.js';
import { Lease, RunLostError } from './lease.js';
import { type Settings, type StopOptions, toSettings, type Worker, type WorkerOptions } from './options.js';
import { NonRetryableError, Run } from './run.js';

/**
 * Makes a worker: it claims tasks for an agent, hands them to `handle`, and hands the results in.
 *
 * It never works on a task that may belong to somebody else: heartbeats renew the leases on a timer of their own, and when
 * no heartbeat was accepted for the length of a lease, the signal of the run is aborted and nothing is handed in. It
 * survives restarts of the server and lost connections, and claims with backoff while the server is away.
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
  readonly #leases = new Set<Lease>();
  readonly #slots = new Set<Promise<void>>();
  #running: Promise<void> | undefined;

  constructor(client: Client, options: WorkerOptions, settings: Settings) {
    this.#client = client;
    this.#options = options;
    this.#settings = settings;
    const { agent, leaseMs, onError } = settings;
    this.#heartbeats = new Heartbeats({ client, agent, leaseMs, onError });
    this.#claims = new Claims(client, options, settings);
  }

  run(): Promise<void> {
    this.#running ??= this.#claimUntilStopped().finally(() => Promise.all(this.#slots));
    return this.#running;
  }

  async stop({ finishWithinMs = 0 }: StopOptions = {}): Promise<void> {
    this.#stopping.abort();
    const finished = Promise.all(this.#slots);
    if (finishWithinMs > 0) {
      const timer = new AbortController();
      await Promise.race([finished, pause(finishWithinMs, timer.signal).catch(() => undefined)]);
      timer.abort();
    }
    await Promise.all([...this.#leases].map((lease) => this.#giveBack(lease)));
    await Promise.all(this.#slots);
    await this.#running?.catch(() => undefined);
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
        const work = await this.#claims.next(signal);
        backoff.reset();
        if (work) this.#occupy(work);
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        this.#settings.onError(error);
        await backoff.wait(signal);
      }
    }
  }

  #occupy(work: Work): void {
    const slot = this.#handleAll(work)
      .catch((error) => this.#settings.onError(error))
      .finally(() => this.#slots.delete(slot));
    this.#slots.add(slot);
  }

  /** Handles a task, and then those that come with the answers to the results. */
  async #handleAll(first: Work): Promise<void> {
    for (let work: Work | null = first; work; ) work = await this.#handle(work);
  }

  async #handle({ task, run, sentAt }: Work): Promise<Work | null> {
    if (this.#stopping.signal.aborted) return this.#claims.giveBack(run.id);
    const lease = new Lease(run.id, this.#settings.leaseMs, sentAt);
    this.#leases.add(lease);
    this.#heartbeats.add(lease);
    // The claim may have waited for a third of the lease.
    if (monotonicMs() - sentAt > this.#heartbeats.everyMs / 2) void this.#heartbeats.send();
    const attempt = new Run(this.#client, lease, run.number);
    try {
      const result = await this.#options.handle(task, attempt);
      if (attempt.isReleased || !lease.isHeld()) return null;
      if (!result) throw new Error('The handler returned no result.');
      // From here on `stop` waits for the answer: giving the run back now would meet its own completion.
      this.#leases.delete(lease);
      lease.isClosing = true;
      return await this.#handIn(attempt, result);
    } catch (error) {
      await this.#fail(attempt, lease, error);
      return null;
    } finally {
      this.#leases.delete(lease);
      this.#heartbeats.remove(lease);
    }
  }

  /** Hands the result in, and claims the next task in the same request unless the worker stops. */
  async #handIn(run: Run, resolution: string): Promise<Work | null> {
    const complete = { runId: run.id, resolution, ...run.outcome };
    const { signal } = run;
    if (this.#stopping.signal.aborted) {
      await this.#client.completeTask(complete, { signal });
      return null;
    }
    const sentAt = monotonicMs();
    const claim = this.#claims.input();
    const { completed, claimed } = await this.#client.completeAndClaim({ complete, claim }, { signal });
    for (const outcome of [completed, claimed])
      if (outcome instanceof RefusedError) this.#settings.onError(outcome);
    return claimed instanceof RefusedError ? null : this.#claims.toWork(claimed, sentAt);
  }

  /** Ends the attempt with the handler's error. A run that is lost belongs to somebody else: nothing is sent for it. */
  async #fail(run: Run, lease: Lease, error: unknown): Promise<void> {
    if (run.isReleased) return;
    if (!lease.isHeld()) {
      if (lease.signal.reason instanceof RunLostError) this.#settings.onError(lease.signal.reason);
      return;
    }
    const message =
      (error instanceof Error ? error.message : String(error)) || 'The handler failed without a message.';
    const retry = !(error instanceof NonRetryableError);
    lease.isClosing = true;
    try {
      await this.#client.failTask({ runId: run.id, error: message, retry }, { signal: run.signal });
    } catch (refusal) {
      this.#settings.onError(refusal);
    }
  }

  /** Gives a run back at once: first its handler is told to stop. */
  async #giveBack(lease: Lease): Promise<void> {
    if (!lease.isHeld()) return;
    lease.lose(new Error('The worker stops: the task was given back.'));
    await this.#claims.giveBack(lease.runId);
  }
}
