import type { Client } from '../client.js';
import { LeaseLostError } from '../errors/refusals.js';
import { monotonicMs, pause } from '../platform.js';
import { RunSuspendedError } from './asking.js';
import { Backoff, FailedTasks } from './backoff.js';
import { Claims, type Work } from './claims.js';
import { Connection } from './connection.js';
import { handIn } from './hand-in.js';
import { HandledRun } from './handled-run.js';
import { withGrace } from './handling.js';
import { Heartbeats, isFinal } from './heartbeats.js';
import { Lease, RunGivenBackError } from './lease.js';
import { type Settings, type StopOptions, toSettings, type Worker, type WorkerOptions } from './options.js';
import { NonRetryableError } from './run.js';

/**
 * Makes a worker: it claims tasks for an agent, hands them to `handle`, and hands the results in.
 *
 * It never works on a task that may belong to another worker: heartbeats renew the leases on a timer of their own, and when
 * no heartbeat was accepted for the length of a lease, the signal of the run is aborted and nothing is handed in. It
 * survives restarts of the server and lost connections, and claims with backoff while the server does not answer.
 *
 * @throws TypeError without a handler, and RangeError for a capacity or a lease that no server accepts.
 */
export function createWorker(client: Client, options: WorkerOptions): Worker {
  return new ClaimingWorker(client, options, toSettings(options, ['handle', options.handle]));
}

/** What a server stores of the error of an attempt. */
const MAX_ERROR_LENGTH = 50_000;

const NO_HEARTBEAT = 'The worker lost its connection for the length of the lease, so it has stopped working.';

class ClaimingWorker implements Worker {
  readonly #client: Client;
  readonly #options: WorkerOptions;
  readonly #settings: Settings;
  readonly #connection: Connection;
  readonly #heartbeats: Heartbeats;
  readonly #claims: Claims;
  /** Aborted when the worker stops: it ends the claim that waits. */
  readonly #stopping = new AbortController();
  /** The leases that a stop gives back. */
  readonly #leases = new Set<Lease>();
  /** The runs that this worker holds. */
  readonly #runs = new Map<string, HandledRun>();
  readonly #slots = new Set<Promise<void>>();
  readonly #failedTasks = new FailedTasks();
  #running: Promise<void> | undefined;

  constructor(client: Client, options: WorkerOptions, settings: Settings) {
    this.#client = client;
    this.#options = options;
    this.#settings = settings;
    const { agent, leaseMs } = settings;
    const connection = new Connection(settings);
    this.#connection = connection;
    this.#heartbeats = new Heartbeats({
      ...{ client, connection, agent, leaseMs, kind: 'task' },
      onAnswers: (questions) => {
        for (const run of this.#runs.values()) run.receiveAnswers(questions);
      },
    });
    this.#claims = new Claims(client, options, { settings, connection, stopping: this.#stopping.signal });
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
      await Promise.all([this.#claims.undo(), this.#allEnded()]);
      // The last results may have left claims without an answer.
      await this.#claims.undo();
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
        const work = await this.#claims.next(this.#runs);
        backoff.reset();
        if (work) this.#occupy(this.#handleAll(work));
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        this.#connection.report(error);
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

  async #handle(claimed: Work): Promise<Work | null> {
    const { signal } = this.#stopping;
    // A claim waits for a third of the lease. After a longer time its first answer was lost, and little of the lease is left.
    const isLate = monotonicMs() - claimed.sentAt >= this.#settings.leaseMs / 2;
    const work = isLate && !signal.aborted ? await this.#claims.renew(claimed) : claimed;
    if (!work) return null;
    const lease = new Lease(work.run.id, this.#settings.leaseMs, work.sentAt);
    if (!lease.isHeld() || signal.aborted) {
      lease.end();
      return this.#claims.giveBack(work.run.id, signal.aborted ? undefined : NO_HEARTBEAT);
    }
    const run = new HandledRun(this.#client, lease, work);
    this.#leases.add(lease);
    this.#runs.set(run.id, run);
    this.#heartbeats.add(lease);
    // The claim may have waited for a third of the lease.
    if (monotonicMs() - work.sentAt > this.#heartbeats.everyMs / 2) void this.#heartbeats.send();
    try {
      return await this.#attempt(work.task, lease, run);
    } finally {
      this.#heartbeats.remove(lease);
      this.#leases.delete(lease);
      // Without this the agent would stay at its capacity, and the task would wait until the server takes it for stalled.
      if (lease.mayBeLive) await this.#claims.giveBack(run.id, NO_HEARTBEAT);
      this.#runs.delete(run.id);
    }
  }

  async #attempt(task: Work['task'], lease: Lease, run: HandledRun): Promise<Work | null> {
    try {
      const resolution = await this.#callHandler(task, run);
      if (!this.#close(lease)) return null;
      if (!resolution) throw new Error('The handler returned no result.');
      const wantsNext = !this.#stopping.signal.aborted;
      const context = { client: this.#client, claims: this.#claims, connection: this.#connection };
      const { refusal, next } = await handIn(context, run, lease, { resolution, wantsNext });
      if (refusal) await this.#fail(task, lease, refusal);
      return next;
    } catch (error) {
      if (this.#close(lease)) await this.#fail(task, lease, error);
      return null;
    }
  }

  #callHandler(task: Work['task'], run: HandledRun): Promise<string | undefined> {
    const handling = (async () => {
      await this.#failedTasks.rest(task.id, run.signal);
      return this.#options.handle(task, run);
    })();
    return withGrace(handling, {
      ...{ runId: run.id, signal: run.signal, stopping: this.#stopping.signal },
      graceMs: this.#settings.graceMs,
      onError: this.#settings.onError,
    });
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
  async #fail(task: Work['task'], lease: Lease, error: unknown): Promise<void> {
    this.#connection.report(error);
    if (error instanceof LeaseLostError) return;
    const message = error instanceof Error ? error.message : String(error);
    const input = {
      runId: lease.runId,
      error: clean(message) || 'The handler failed without a message.',
      retry: !(error instanceof NonRetryableError),
    };
    // Before the server knows: a claim that waits may get the task at once.
    this.#failedTasks.note(task.id, task.dispatchAttempts);
    try {
      await this.#connection.untilAnswered((options) => this.#client.failTask(input, options), {
        signal: lease.signal,
        isWanted: () => lease.isHeld(),
      });
    } catch (failure) {
      if (lease.isHeld()) this.#connection.report(failure);
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

/** A message that the server can store: without characters that it refuses, and not too long. */
function clean(message: string): string {
  return message.replaceAll('\0', '').slice(0, MAX_ERROR_LENGTH);
}
