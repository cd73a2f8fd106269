import { setTimeout as pause } from 'node:timers/promises';
import type { GatewayHooks } from '../../gateway/gateway.js';
import { backoffMs } from '../../kernel/backoff.js';
import { type Clock, systemClock } from '../../kernel/clock.js';
import { randomFraction } from '../../kernel/ids.js';
import type { Instrument } from '../../kernel/instrument.js';
import { waitAtMost } from '../../kernel/with-deadline.js';
import { isOutage } from '../../postgres/outage.js';
import { createAgentLimits, type LimitPace } from './agent-limits.js';
import {
  type AbortCause,
  abortWith,
  type CallEnding,
  type CallPatience,
  holdCall,
  type PlannedCall,
} from './gateway-call.js';
import type { GatewayReachability } from './gateway-reachability.js';
import { createLeaseRenewal } from './lease-renewal.js';
import { storeAcceptance } from './store-acceptance.js';

/** The options of one kind of calls. */
export interface GatewayCallsOptions {
  /** The maximum number of concurrent calls in this process. */
  readonly concurrency: number;
  /** The length of a lease in milliseconds. Leases are renewed at a third of it. */
  readonly leaseMs: number;
  /** How long calls may continue after `stop`, in milliseconds, before they are aborted. */
  readonly stopGraceMs: number;
  /** How long a stop then waits until the endings are written, in milliseconds. */
  readonly endingsGraceMs?: number;
  readonly reachability: GatewayReachability;
  readonly instrument: Instrument;
  readonly patience?: CallPatience | undefined;
  /** How the shortest waits after limits grow. */
  readonly limitPace?: LimitPace | undefined;
  readonly clock?: Clock;
  /**
   * Renews the leases of these runs with one statement and returns those that this process still holds. The call of any
   * other run is aborted, because the run was ended or taken over.
   */
  renew(runIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** A running call. */
export interface CallUnderWay {
  readonly runId: string;
  readonly agentId: string;
  readonly gatewayName: string;
}

/**
 * The gateway calls that this process makes for its runs. Their number is limited, and the lease of each run is renewed
 * while its call runs. Each kind of run has its own instance, so that slow work of one kind does not occupy the slots of
 * the other.
 *
 * Usage: a job reads `free()`. For each slot it opens a run in a transaction (with a lease of `leaseMs` and this process as
 * its owner) and passes the call to `start` after the commit. It does not wait for the call. `settle` of the plan writes
 * the result; then `onFree` wakes the job.
 */
export interface GatewayCalls {
  /** The number of free slots; 0 while stopping. */
  free(): number;
  underWay(): readonly CallUnderWay[];
  /** Whether the agent's provider has limited it, so that no call of it should start. */
  isLimited(agentId: string): boolean;
  /**
   * Starts a call and returns at once. The call occupies a slot until it is settled. While stopping, the run is handed
   * back without a call.
   */
  start(planned: PlannedCall): void;
  /** Aborts the call of a run that was ended elsewhere, also at the gateway. No-op for an unknown run. */
  lose(runId: string): void;
  /** Calls back when a slot becomes free; returns a function that removes the listener. */
  onFree(listener: () => void): () => void;
  /** Starts no more calls, waits a limited time for the running ones, releases the rest and waits until that is written. */
  stop(): Promise<void>;
}

interface HeldCall extends CallUnderWay {
  readonly controller: AbortController;
  readonly done: Promise<void>;
  /** The answer has arrived and is being written. The lease is renewed until then, and the call is not aborted. */
  isSettling: boolean;
}

const PATIENCE: CallPatience = { overtimeMs: 90_000, abandonAfterMs: 5_000 };

/** The maximum number of attempts to write an ending while the process stops. */
const LAST_TRIES = 5;

/**
 * Longer than a gateway may take to respond to an abort. While the database does not answer, each attempt to write takes ten seconds.
 * The next server takes over a run whose ending is not written, when its lease ends.
 */
const ENDINGS_GRACE_MS = 8_000;

/** Creates the calls of one kind of run. */
export function createGatewayCalls(options: GatewayCallsOptions): GatewayCalls {
  const { concurrency, instrument, reachability, stopGraceMs, patience = PATIENCE } = options;
  const { endingsGraceMs = ENDINGS_GRACE_MS } = options;
  const calls = new Map<string, HeldCall>();
  const listeners = new Set<() => void>();
  const leases = createLeaseRenewal({
    clock: systemClock,
    ...options,
    onLost: (runId) => abort(runId, 'LOST'),
    onOverdue: (runId) => abort(runId, 'CUT_OFF'),
  });
  const tellFree = () => {
    for (const listener of listeners) listener();
  };
  const limits = createAgentLimits(tellFree, options.limitPace);
  let isStopping = false;
  let isOver = false;
  /** Whether no further attempt is made to write an ending. */
  const isLast = (attempt: number) => isOver || (isStopping && attempt >= LAST_TRIES);

  function abort(runId: string, cause: AbortCause): void {
    const held = calls.get(runId);
    if (held !== undefined && !held.isSettling) abortWith(held.controller, cause);
  }

  async function hold(planned: PlannedCall, controller: AbortController): Promise<void> {
    const onAccepted: GatewayHooks['onAccepted'] = (acceptance) => {
      reachability.noteReachable(planned.gateway.name);
      return storeAcceptance(planned, acceptance, { instrument, controller, hasLease: leases.hasLease });
    };
    if (isStopping) abortWith(controller, 'STOPPING');
    const { ending: reported, later } = await holdCall({ ...planned, onAccepted }, controller, patience);
    const answer = limits.note(planned.agentId, reported);
    const held = calls.get(planned.runId);
    if (held !== undefined) held.isSettling = true;
    const ending = noteReach(planned, answer, reachability);
    void later?.then((late) =>
      late.outcome === 'ANSWERED' ? write(planned, late, instrument, isLast) : undefined,
    );
    if (ending !== null) await write(planned, ending, instrument, isLast);
  }

  return {
    free: () => (isStopping ? 0 : Math.max(0, concurrency - calls.size)),
    underWay: () => [...calls.values()],
    isLimited: limits.isLimited,
    start(planned) {
      const { runId, agentId, gateway } = planned;
      const controller = new AbortController();
      const done = hold(planned, controller).finally(() => {
        calls.delete(runId);
        leases.remove(runId);
        tellFree();
      });
      calls.set(runId, { runId, agentId, gatewayName: gateway.name, controller, done, isSettling: false });
      leases.add(runId, planned.leasedAtMs);
    },
    lose: (runId) => abort(runId, 'LOST'),
    onFree(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      isStopping = true;
      const all = () => Promise.all([...calls.values()].map(({ done }) => done));
      const grace = new AbortController();
      await Promise.race([all(), pause(stopGraceMs, null, { signal: grace.signal }).catch(() => null)]);
      grace.abort();
      for (const runId of calls.keys()) abort(runId, 'STOPPING');
      await waitAtMost(endingsGraceMs, all());
      isOver = true;
      await waitAtMost(endingsGraceMs, leases.stop());
    },
  };
}

/** Retries until the ending is written: a result must not be lost because of a database outage. */
async function write(
  planned: PlannedCall,
  ending: CallEnding,
  instrument: Instrument,
  isLast: (attempt: number) => boolean,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await planned.settle(ending);
      return;
    } catch (error) {
      if (isLast(attempt)) return;
      const facts = { runId: planned.runId, outcome: ending.outcome, attempt, error };
      instrument.emit(
        isOutage(error) ? 'debug' : 'error',
        'gateway.ending_not_written',
        'What a call came to could not be written',
        facts,
      );
      await pause(backoffMs({ attempt, baseMs: 200, maxMs: 5_000, random: randomFraction() }));
    }
  }
}

/** Outcomes that only a reachable gateway can have. */
const REACHED: ReadonlySet<CallEnding['outcome']> = new Set(['ANSWERED', 'FAILED', 'LIMITED']);

/**
 * Notes what the ending says about the gateway, and returns what it means for the run. A call that began proves that the
 * gateway is reachable. A recovered call says nothing about it if it never began.
 */
function noteReach(
  planned: PlannedCall,
  ending: CallEnding | null,
  reachability: GatewayReachability,
): CallEnding | null {
  const { gateway, recovers } = planned;
  if (ending?.outcome === 'BROKEN') return reachability.noteBroken(planned, ending);
  if (ending?.outcome === 'NOT_BEGUN') {
    if (recovers === undefined) reachability.noteUnreachable(gateway, ending.error, ending.retryAfterMs);
  } else if (ending !== null && REACHED.has(ending.outcome)) {
    // An earlier process began a recovered call, maybe before the gateway refused other calls.
    if (ending.outcome === 'ANSWERED' && recovers === undefined) reachability.noteAnswered(planned);
    reachability.noteReachable(gateway.name);
  } else if (recovers === undefined) {
    reachability.giveBack(gateway.name);
  }
  return ending;
}
