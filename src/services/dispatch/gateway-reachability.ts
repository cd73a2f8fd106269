import type { Gateway } from '../../gateway/gateway.js';
import { randomFraction } from '../../kernel/ids.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { Database } from '../../postgres/database.js';
import { BROKEN_FACTOR, GatewayBreaker, PROBE_TIMEOUT_MS, type ProbePace } from './gateway-breaker.js';
import type { BrokenEnding, CallEnding, PlannedCall } from './gateway-call.js';
import { createOutageReports } from './outage-reports.js';
import { createRefusedWork } from './refused-work.js';

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
  /**
   * The gateway refused a call for a reason that applies to every call, as it says. Returns what this means for the work: no
   * failure, unless the gateway refuses this work alone.
   */
  noteBroken(refused: RefusedCall, ending: BrokenEnding): CallEnding;
  /** The gateway answered a call that this process began. */
  noteAnswered(answered: AnsweredCall): void;
  /** A call has begun. */
  noteReachable(gatewayName: string): void;
  /** Calls back when a gateway may be called again; returns a function that removes the listener. */
  onReturn(listener: (gatewayName: string) => void): () => void;
  stop(): Promise<void>;
}

type RefusedCall = Pick<PlannedCall, 'gateway' | 'runId' | 'workId'>;
type AnsweredCall = Pick<PlannedCall, 'gateway' | 'workId' | 'leasedAtMs'>;

/** The refusals of work through its own fault after which a further attempt would not help. */
const MAX_STRIKES = 2;

const PACE: ProbePace = { firstMs: 500, longestMs: 10_000 };

/** An outage that no process confirms expires after this, in milliseconds. Its process may have died. */
const OUTAGE_MS = BROKEN_FACTOR * PACE.longestMs + PROBE_TIMEOUT_MS + 10_000;

/**
 * How long work rests that is refused again: longer than the pause until the next trial, which so is made with other work if
 * there is any. The length is random, so that several pieces of refused work do not take turns in front of the others.
 */
function restMs(pauseMs: number): number {
  return Math.ceil(pauseMs * (1.1 + 2 * randomFraction()));
}

/** Creates the tracking of this process; all gateways count as reachable at first. */
export function createGatewayReachability(options: ReachabilityOptions): GatewayReachability {
  const breakers = new Map<string, GatewayBreaker>();
  const listeners = new Set<(gatewayName: string) => void>();
  const stopping = new AbortController();
  const reports = createOutageReports(options, OUTAGE_MS);
  const refusedWork = createRefusedWork();
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

  function blameWork({ gateway, runId, workId }: RefusedCall, error: string, strikes: number): CallEnding {
    const message = `The gateway ${gateway.name} refuses ${workId} alone and answers other calls, so this work fails`;
    if (strikes === 1)
      options.instrument.emit('warn', 'gateway.work_refused', message, {
        gateway: gateway.name,
        runId,
        error,
      });
    return {
      outcome: 'FAILED',
      error: `The gateway refuses this call again and answers others: ${error}`,
      permanent: strikes >= MAX_STRIKES,
    };
  }

  return {
    isReachable: (name) => breakers.get(name)?.isOpenForCalls() ?? true,
    begin: (name) => breakers.get(name)?.begin() ?? true,
    giveBack: (name) => breakers.get(name)?.giveBack(),
    noteUnreachable(gateway, error, retryAfterMs) {
      if (!stopping.signal.aborted) breakerOf(gateway.name).noteUnreachable(gateway, error, retryAfterMs);
    },
    noteBroken(refused, ending) {
      const { gateway, workId } = refused;
      if (stopping.signal.aborted) return ending;
      const isBroken = breakers.get(gateway.name)?.isBroken() ?? false;
      const { strikes, isRepeated } = refusedWork.noteRefusal(gateway.name, workId, isBroken);
      if (strikes > 0) return blameWork(refused, ending.error, strikes);
      const pauseMs = breakerOf(gateway.name).noteBroken(gateway, ending.error, ending.remedy);
      return isRepeated ? { ...ending, restMs: restMs(pauseMs) } : ending;
    },
    noteAnswered: ({ gateway, workId, leasedAtMs }) =>
      refusedWork.noteAnswer(gateway.name, workId, leasedAtMs),
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
