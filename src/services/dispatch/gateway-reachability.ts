import type { Gateway } from '../../gateway/gateway.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { Database } from '../../postgres/database.js';
import { BROKEN_FACTOR, GatewayBreaker, PROBE_TIMEOUT_MS, type ProbePace } from './gateway-breaker.js';
import { createOutageReports } from './outage-reports.js';

export interface ReachabilityOptions {
  readonly database: Database;
  readonly instrument: Instrument;
  readonly probing?: ProbePace;
}

/**
 * Which gateways this process may call. Each process finds out by itself, because each has its own network path to the
 * gateway. `gateway_outages` informs readers in every process.
 */
export interface GatewayReachability {
  /** Whether a call may start now. */
  isReachable(gatewayName: string): boolean;
  /** Reserves the start of a call. False if no call may start: of a broken gateway, if its trial is under way. */
  begin(gatewayName: string): boolean;
  /** Releases a reservation whose call was not made, or ended without a sign of the gateway's state. */
  giveBack(gatewayName: string): void;
  /**
   * A call could not begin. The gateway is probed after `retryAfterMs` if given, otherwise after a pause that grows
   * until a call begins.
   */
  noteUnreachable(gateway: Gateway, error: string, retryAfterMs: number | null): void;
  /** The gateway refused a call for a reason that applies to every call. `remedy` tells an operator what to do. */
  noteBroken(gateway: Gateway, error: string, remedy: string): void;
  /** A call has begun. */
  noteReachable(gatewayName: string): void;
  /** Calls back when a gateway may be called again; returns a function that removes the listener. */
  onReturn(listener: (gatewayName: string) => void): () => void;
  stop(): Promise<void>;
}

const PACE: ProbePace = { firstMs: 500, longestMs: 10_000 };

/** An outage that no process confirms expires after this, in milliseconds. Its process may have died. */
const OUTAGE_MS = BROKEN_FACTOR * PACE.longestMs + PROBE_TIMEOUT_MS + 10_000;

/** Creates the tracking of this process; all gateways count as reachable at first. */
export function createGatewayReachability(options: ReachabilityOptions): GatewayReachability {
  const breakers = new Map<string, GatewayBreaker>();
  const listeners = new Set<(gatewayName: string) => void>();
  const stopping = new AbortController();
  const reports = createOutageReports(options, OUTAGE_MS);
  const surroundings = {
    pace: options.probing ?? PACE,
    reports,
    stopping: stopping.signal,
    onReturn: (name: string) => listeners.forEach((listener) => void listener(name)),
  };

  function breakerOf(name: string): GatewayBreaker {
    const breaker = breakers.get(name) ?? new GatewayBreaker(name, surroundings);
    breakers.set(name, breaker);
    return breaker;
  }

  return {
    isReachable: (name) => breakers.get(name)?.isOpenForCalls() ?? true,
    begin: (name) => breakers.get(name)?.begin() ?? true,
    giveBack: (name) => breakers.get(name)?.giveBack(),
    noteUnreachable(gateway, error, retryAfterMs) {
      if (!stopping.signal.aborted) breakerOf(gateway.name).noteUnreachable(gateway, error, retryAfterMs);
    },
    noteBroken(gateway, error, remedy) {
      if (!stopping.signal.aborted) breakerOf(gateway.name).noteBroken(gateway, error, remedy);
    },
    noteReachable(name) {
      const breaker = breakers.get(name);
      breakers.delete(name);
      breaker?.close();
    },
    onReturn(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      stopping.abort();
      for (const breaker of breakers.values()) breaker.stop();
      await reports.written();
    },
  };
}
