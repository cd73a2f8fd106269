import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from '../../kernel/backoff.js';
import { randomFraction } from '../../kernel/ids.js';
import type { Instrument } from '../../kernel/instrument.js';
import { isOutage } from '../../postgres/outage.js';
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

/** What a kind of calls is run by. */
export interface GatewayCallsOptions {
  /** Calls at a time in this process. */
  readonly concurrency: number;
  /** The length of a lease in milliseconds; it is renewed three times as often. */
  readonly leaseMs: number;
  /** How long calls may go on after `stop`, in milliseconds, before they are aborted. */
  readonly stopGraceMs: number;
  readonly reachability: GatewayReachability;
  readonly instrument: Instrument;
  readonly patience?: CallPatience | undefined;
  /**
   * Renews the leases of these runs by one statement and says which of them this process still holds. A run that is not
   * among them was ended or taken over: its call is aborted.
   */
  renew(runIds: readonly string[]): Promise<ReadonlySet<string>>;
}

/** A call that is under way. */
export interface CallUnderWay {
  readonly runId: string;
  readonly agentId: string;
  readonly gatewayName: string;
}

/**
 * The calls to gateways that this process makes for runs it has opened: a bounded number at a time, each with a lease
 * that is renewed as long as it is on. There is one of these for each kind of run, so that slow work of one kind leaves
 * the slots of the other free.
 *
 * How to use it: a turn of a job looks at `free()`; for each slot it opens a run in a transaction (with a lease of
 * `leaseMs`, and with this process noted as its owner) and hands the call to `start` after the commit. It never waits for
 * the call. What it came to is written by `settle` of the plan; then `onFree` says that the job may look again.
 */
export interface GatewayCalls {
  /** How many more calls may start now; 0 while stopping. */
  free(): number;
  underWay(): readonly CallUnderWay[];
  /**
   * Starts a call and returns at once. The slot is taken until it is settled. While stopping, the run is handed back
   * without a call.
   */
  start(planned: PlannedCall): void;
  /** The run was ended by somebody else: its call is aborted, at the far side too. No-op for a run that is not here. */
  lose(runId: string): void;
  /** Calls back when a slot got free; returns the function that ends this. */
  onFree(listener: () => void): () => void;
  /** Starts no more, lets calls end for a bounded time, hands the rest back and waits until that is written. */
  stop(): Promise<void>;
}

interface HeldCall extends CallUnderWay {
  readonly controller: AbortController;
  readonly done: Promise<void>;
  /** Its answer is here: the run is about to end, and by us. Its lease is renewed until that is written. */
  isSettling: boolean;
}

const PATIENCE: CallPatience = { overtimeMs: 90_000, abandonAfterMs: 5_000 };

/** How long an ending that can't be written is kept trying once the process stops. */
const LAST_TRIES = 5;

export function createGatewayCalls(options: GatewayCallsOptions): GatewayCalls {
  const { concurrency, instrument, reachability, stopGraceMs, patience = PATIENCE } = options;
  const calls = new Map<string, HeldCall>();
  const listeners = new Set<() => void>();
  const leases = createLeaseRenewal({
    ...options,
    held: () => [...calls.keys()],
    onLost: (runId) => abort(runId, 'LOST'),
  });
  let isStopping = false;

  function abort(runId: string, cause: AbortCause): void {
    const held = calls.get(runId);
    if (held !== undefined && !held.isSettling) abortWith(held.controller, cause);
  }

  async function hold(planned: PlannedCall, controller: AbortController): Promise<void> {
    const onAccepted: PlannedCall['onAccepted'] = async (accepted) => {
      reachability.noteReachable(planned.gateway.name);
      await keepAccepted(planned, accepted, instrument);
    };
    if (isStopping) abortWith(controller, 'STOPPING');
    const { ending, later } = await holdCall({ ...planned, onAccepted }, controller, patience);
    const held = calls.get(planned.runId);
    if (held !== undefined) held.isSettling = true;
    noteReach(planned, ending, reachability);
    void later?.then((answer) => (answer.outcome === 'ANSWERED' ? write(planned, answer) : undefined));
    if (ending !== null) await write(planned, ending);
  }

  /** What an agent has worked for must not be lost because the database is away for a while. */
  async function write(planned: PlannedCall, ending: CallEnding): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await planned.settle(ending);
        return;
      } catch (error) {
        const facts = { runId: planned.runId, outcome: ending.outcome, attempt, error };
        instrument.emit(
          isOutage(error) ? 'debug' : 'error',
          'gateway.ending_not_written',
          'What a call came to could not be written',
          facts,
        );
        if (isStopping && attempt >= LAST_TRIES) return;
        await pause(backoffMs({ attempt, baseMs: 200, maxMs: 5_000, random: randomFraction() }));
      }
    }
  }

  return {
    free: () => (isStopping ? 0 : Math.max(0, concurrency - calls.size)),
    underWay: () => [...calls.values()],
    start(planned) {
      const { runId, agentId, gateway } = planned;
      const controller = new AbortController();
      const done = hold(planned, controller).finally(() => {
        calls.delete(runId);
        for (const listener of listeners) listener();
      });
      calls.set(runId, { runId, agentId, gatewayName: gateway.name, controller, done, isSettling: false });
      leases.keepRenewing();
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
      await all();
      await leases.stop();
    },
  };
}

/** A call that was taken goes on also if that can't be written: it is then harder to find after a crash, no more. */
async function keepAccepted(
  planned: PlannedCall,
  accepted: Parameters<PlannedCall['onAccepted']>[0],
  instrument: Instrument,
): Promise<void> {
  try {
    await planned.onAccepted(accepted);
  } catch (error) {
    const facts = { runId: planned.runId, gateway: planned.gateway.name, error };
    instrument.emit(
      'warn',
      'gateway.state_not_written',
      'An accepted call could not be noted on its run',
      facts,
    );
  }
}

/** Whatever was begun has reached the gateway. That an old call never began says nothing of how the gateway is now. */
function noteReach(
  { gateway, recovers }: PlannedCall,
  ending: CallEnding | null,
  reachability: GatewayReachability,
): void {
  if (ending?.outcome === 'NOT_BEGUN') {
    if (recovers === undefined) reachability.noteUnreachable(gateway, ending.error, ending.retryAfterMs);
  } else if (ending?.outcome === 'ANSWERED' || ending?.outcome === 'FAILED') {
    reachability.noteReachable(gateway.name);
  }
}
