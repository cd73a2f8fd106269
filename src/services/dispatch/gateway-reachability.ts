import type { Gateway } from '../../gateway/gateway.js';
import { backoffMs } from '../../kernel/backoff.js';
import { randomFraction } from '../../kernel/ids.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { Database } from '../../postgres/database.js';
import { forgetOutage, noteOutage } from '../../store/dispatch/gateway-outages.js';

export interface ReachabilityOptions {
  readonly database: Database;
  readonly instrument: Instrument;
  /** The wait before the first probe and the longest wait between two probes, in milliseconds. */
  readonly probing?: { readonly firstMs: number; readonly longestMs: number };
}

/**
 * Tracks which gateways this process can reach. After a call could not begin, the gateway counts as unreachable until a
 * probe succeeds, and no calls should start through it. Each process tracks this itself, because each has its own network
 * path. Outages are stored in `gateway_outages`, so that every process can report why a task waits.
 */
export interface GatewayReachability {
  isReachable(gatewayName: string): boolean;
  /**
   * Records that a call could not begin. The gateway is probed after `retryAfterMs` if it asked for that, otherwise after a
   * backoff that grows until a call begins.
   */
  noteUnreachable(gateway: Gateway, error: string, retryAfterMs: number | null): void;
  /** Records that a call has begun. */
  noteReachable(gatewayName: string): void;
  /** Calls back when a gateway responds again; returns a function that removes the listener. */
  onReturn(listener: (gatewayName: string) => void): () => void;
  stop(): Promise<void>;
}

interface Trouble {
  /** The number of failed calls and probes since the last call that began. */
  failures: number;
  /** Null between a successful probe and the next call. */
  probing: NodeJS.Timeout | 'under way' | null;
}

const PROBING = { firstMs: 500, longestMs: 10_000 };
const PROBE_TIMEOUT_MS = 10_000;

/** A stored outage expires after this time, in milliseconds, unless it is confirmed: its process may have died. */
const OUTAGE_MS = PROBING.longestMs + PROBE_TIMEOUT_MS + 10_000;

/** Creates the tracking of this process; all gateways count as reachable at first. */
export function createGatewayReachability(options: ReachabilityOptions): GatewayReachability {
  const { instrument, probing: pace = PROBING } = options;
  const troubles = new Map<string, Trouble>();
  const listeners = new Set<(gatewayName: string) => void>();
  const stopping = new AbortController();
  const notes = createOutageNotes(options);

  function probeLater(gateway: Gateway, trouble: Trouble, retryAfterMs: number | null): void {
    const { firstMs, longestMs } = pace;
    const pauseMs = backoffMs({
      attempt: trouble.failures,
      baseMs: firstMs,
      maxMs: longestMs,
      random: randomFraction(),
    });
    const ms = retryAfterMs === null ? pauseMs : Math.min(Math.max(retryAfterMs, pauseMs), 6 * longestMs);
    trouble.probing = setTimeout(() => void probe(gateway, trouble), ms);
  }

  async function probe(gateway: Gateway, trouble: Trouble): Promise<void> {
    trouble.probing = 'under way';
    const { reachable, error } = await gateway.probe(
      AbortSignal.any([stopping.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]),
    );
    if (stopping.signal.aborted || trouble.probing !== 'under way') return;
    if (reachable) return isBack(gateway.name, trouble);
    trouble.failures += 1;
    notes.note(gateway.name, error ?? 'The gateway does not answer.');
    probeLater(gateway, trouble, null);
  }

  function isBack(name: string, trouble: Trouble): void {
    trouble.probing = null;
    instrument.emit('info', 'gateway.reachable', `The gateway ${name} answers again`, { gateway: name });
    notes.forget(name);
    for (const listener of listeners) listener(name);
  }

  return {
    isReachable: (name) => (troubles.get(name)?.probing ?? null) === null,
    noteUnreachable(gateway, error, retryAfterMs) {
      const trouble = troubles.get(gateway.name) ?? { failures: 0, probing: null };
      troubles.set(gateway.name, trouble);
      if (trouble.probing !== null || stopping.signal.aborted) return;
      trouble.failures += 1;
      const facts = { gateway: gateway.name, error };
      instrument.emit('warn', 'gateway.unreachable', `The gateway ${gateway.name} is unreachable`, facts);
      notes.note(gateway.name, error);
      probeLater(gateway, trouble, retryAfterMs);
    },
    noteReachable(name) {
      const trouble = troubles.get(name);
      if (trouble === undefined) return;
      troubles.delete(name);
      if (trouble.probing === null) return;
      if (trouble.probing !== 'under way') clearTimeout(trouble.probing);
      isBack(name, trouble);
    },
    onReturn(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async stop() {
      stopping.abort();
      for (const { probing } of troubles.values())
        if (probing !== null && probing !== 'under way') clearTimeout(probing);
      await notes.written();
    },
  };
}

/** Writes outages for other processes. A failed write is only logged, because without the database there are no readers. */
function createOutageNotes({ database, instrument }: ReachabilityOptions) {
  let writing: Promise<void> = Promise.resolve();

  function write(work: () => Promise<void>): void {
    writing = writing
      .then(work)
      .catch((error: unknown) =>
        instrument.emit('debug', 'gateway.outage_not_written', 'An outage could not be noted', { error }),
      );
  }

  return {
    note: (gateway: string, error: string) =>
      write(() => noteOutage(database.pool, { gateway, error, forMs: OUTAGE_MS })),
    forget: (gateway: string) => write(() => forgetOutage(database.pool, gateway)),
    written: () => writing,
  };
}
