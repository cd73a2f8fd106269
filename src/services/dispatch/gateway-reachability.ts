import type { Gateway } from '../../gateway/gateway.js';
import { backoffMs } from '../../kernel/backoff.js';
import { randomFraction } from '../../kernel/ids.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { Database } from '../../postgres/database.js';
import { forgetOutage, noteOutage } from '../../store/dispatch/gateway-outages.js';

export interface ReachabilityOptions {
  readonly database: Database;
  readonly instrument: Instrument;
  /** The wait before the first probe, in milliseconds, and the longest between two. */
  readonly probing?: { readonly firstMs: number; readonly longestMs: number };
}

/**
 * Which gateways this process can reach. One that could not begin a call counts as unreachable until a probe finds it
 * again; meanwhile nobody should begin calls through it. Each process finds out for itself, since each has its own way to
 * the gateway; what they find stands in `gateway_outages`, so that any of them can say what a task waits for.
 */
export interface GatewayReachability {
  isReachable(gatewayName: string): boolean;
  /**
   * A call could not begin. The gateway is probed after `retryAfterMs`, if it said so, or after a pause that grows until a
   * call has begun again.
   */
  noteUnreachable(gateway: Gateway, error: string, retryAfterMs: number | null): void;
  /** A call has begun. */
  noteReachable(gatewayName: string): void;
  /** Calls back when a gateway answers again; returns the function that ends this. */
  onReturn(listener: (gatewayName: string) => void): () => void;
  stop(): Promise<void>;
}

interface Trouble {
  /** Since the last call that began: calls that did not, and probes that found nobody. */
  failures: number;
  /** Null between a probe that found the gateway and the first call after it. */
  probing: NodeJS.Timeout | 'under way' | null;
}

const PROBING = { firstMs: 500, longestMs: 10_000 };
const PROBE_TIMEOUT_MS = 10_000;

/** An outage that nobody confirms any more, say because its process died, is forgotten after this, in milliseconds. */
const OUTAGE_MS = PROBING.longestMs + PROBE_TIMEOUT_MS + 10_000;

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

/** The outages as other processes see them. For readers only: where the database is away, nobody reads. */
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
