import type { HeartbeatMutation, QuestionFieldsFragment } from '../../generated/operations.js';
import type { Client } from '../client.js';
import { MissionControlError } from '../errors/base.js';
import { TimeoutError } from '../errors/request-errors.js';
import type { CallOptions } from '../http/caller.js';
import { withTimeout } from '../http/with-timeout.js';
import { monotonicMs, pause } from '../platform.js';
import type { Connection } from './connection.js';
import { type Lease, RunLostError } from './lease.js';

/** What heartbeats need to know. */
export interface HeartbeatOptions {
  readonly client: Client;
  readonly connection: Connection;
  readonly agent: { readonly name: string } | undefined;
  readonly leaseMs: number;
  /** What the runs are: the answer to a heartbeat lists the live runs of tasks, and of reviews only those that are lost. */
  readonly kind: 'task' | 'review';
  /** Called with the answered questions of the live runs, with each heartbeat again. */
  readonly onAnswers?: (questions: readonly QuestionFieldsFragment[]) => void;
}

/** Heartbeats per lease: one of them may be lost. */
const BEATS_PER_LEASE = 3;

const NOT_HEARD = 'The server did not answer a heartbeat in time. It is repeated.';

/**
 * Renews the leases of a set of runs on a timer of its own, so that neither a busy handler nor a waiting claim holds the
 * heartbeats back. It goes on while the worker stops, until the last run has ended.
 */
export class Heartbeats {
  readonly #leases = new Map<string, Lease>();
  readonly #options: HeartbeatOptions;
  #loop: AbortController | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** The interval between two heartbeats, in milliseconds. */
  get everyMs(): number {
    return Math.floor(this.#options.leaseMs / BEATS_PER_LEASE);
  }

  /** Keeps a lease until it ends or `remove` is called. */
  add(lease: Lease): void {
    this.#leases.set(lease.runId, lease);
    if (this.#loop) return;
    this.#loop = new AbortController();
    void this.#beat(this.#loop.signal);
  }

  /** Stops renewing a lease. */
  remove(lease: Lease): void {
    lease.end();
    this.#leases.delete(lease.runId);
    if (this.#leases.size > 0) return;
    this.#loop?.abort();
    this.#loop = undefined;
  }

  /** Sends one heartbeat now, and again until the next one is due. A failure is reported and changes no lease. */
  async send(signal?: AbortSignal): Promise<void> {
    const { connection } = this.#options;
    const isWanted = () => this.#held().length > 0;
    if (!isWanted()) return;
    try {
      await withTimeout({ ms: this.everyMs, signal, message: NOT_HEARD }, (deadline) =>
        connection.untilAnswered((options) => this.#sendOnce(options), { signal: deadline, isWanted }),
      );
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof TimeoutError) connection.breakOff();
      connection.report(error);
    }
  }

  async #sendOnce(options: CallOptions): Promise<void> {
    const leases = this.#held();
    const sentAt = monotonicMs();
    const { agent, client, connection, leaseMs, kind, onAnswers } = this.#options;
    const runIds = leases.map(({ runId }) => runId);
    const input = { agent, lease: `PT${leaseMs / 1_000}S`, runIds, onlyRunIds: true };
    const answer = await client.heartbeat(input, options).catch((error: unknown) => {
      if (error instanceof TimeoutError) connection.breakOff();
      throw error;
    });
    const live = new Set(answer.runs.map(({ id }) => id));
    const lost = new Map(answer.lostRuns.map((run) => [run.runId, run]));
    for (const lease of leases) {
      const lostRun = lost.get(lease.runId);
      const isLive = kind === 'task' ? live.has(lease.runId) : lostRun === undefined;
      settle(lease, isLive, lostRun, sentAt);
    }
    onAnswers?.(answer.answers);
  }

  #held(): Lease[] {
    return [...this.#leases.values()].filter((lease) => lease.isHeld());
  }

  /** The interval is counted from the sending: a heartbeat that takes too long is given up and repeated at once. */
  async #beat(signal: AbortSignal): Promise<void> {
    for (let dueAt = monotonicMs() + this.everyMs; ; dueAt += this.everyMs) {
      await pause(Math.max(0, dueAt - monotonicMs()), signal).catch(() => undefined);
      if (signal.aborted) return;
      // A process that was frozen does not catch up with the heartbeats that it missed.
      dueAt = Math.max(dueAt, monotonicMs());
      await this.send(signal);
    }
  }
}

type Lost = HeartbeatMutation['heartbeat']['lostRuns'] extends readonly (infer Run)[] | null ? Run : never;

/** A run that is neither live nor lost was ended by this worker, and the answer to that may still be on its way. */
function settle(lease: Lease, isLive: boolean, lost: Lost | undefined, sentAt: number): void {
  if (isLive) lease.renew(sentAt);
  if (isLive || (!lost && lease.isClosing)) return;
  const reason = lost?.reason ? `: ${lost.reason}` : '.';
  const message = lost
    ? `${lease.runId} was ended as ${lost.outcome}${reason}`
    : `${lease.runId} is no longer live.`;
  lease.lose(new RunLostError(lease.runId, message));
}

/** True for errors after which another claim would be refused as well. */
export function isFinal(error: unknown): boolean {
  const codes = [
    'UNAUTHENTICATED',
    'FORBIDDEN',
    'UNKNOWN_AGENT',
    'SERVER_TOO_OLD',
    'BAD_USER_INPUT',
    'INVALID',
  ];
  return error instanceof MissionControlError && codes.includes(error.code);
}
