import type { Gateway } from '../../gateway/gateway.js';
import { backoffMs } from '../../kernel/backoff.js';
import { randomFraction } from '../../kernel/ids.js';
import { withSignal } from '../../kernel/with-signal.js';
import type { OutageReports } from './outage-reports.js';

/** The pause before the first probe and the longest pause between two probes, in milliseconds. */
export interface ProbePace {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** What a breaker works with. */
export interface BreakerSurroundings {
  readonly pace: ProbePace;
  readonly reports: OutageReports;
  /** Aborted when the process stops. */
  readonly stopping: AbortSignal;
  /** Called when the gateway may be called again. */
  onReturn(gatewayName: string): void;
}

export const PROBE_TIMEOUT_MS = 10_000;

/** A trial opens a run and ends it, which the log keeps. So a broken gateway is tried less often than an unreachable one. */
export const BROKEN_FACTOR = 6;

/**
 * The state of one gateway after a call could not begin. Unreachable: calls wait until a probe succeeds. Broken, because the
 * gateway refuses every call: after a successful probe one call at a time is let through, until one is accepted.
 */
export class GatewayBreaker {
  /** Calls that did not begin and probes that failed, since the last call that began. */
  private failures = 0;
  /** Null between a probe that succeeded and the first call after it. */
  private probing: NodeJS.Timeout | 'under way' | null = null;
  /** Set if the gateway refuses every call. */
  private remedy: string | null = null;
  private isOnTrial = false;
  /** The last pause before a probe, in milliseconds. */
  private pauseMs = 0;

  constructor(
    private readonly name: string,
    private readonly surroundings: BreakerSurroundings,
  ) {}

  /** Whether a call may start now. */
  isOpenForCalls(): boolean {
    return this.probing === null && !this.isOnTrial;
  }

  /** Whether the gateway refuses every call, as far as is known. */
  isBroken(): boolean {
    return this.remedy !== null;
  }

  /** Reserves the start of a call; false if none may start. */
  begin(): boolean {
    if (!this.isOpenForCalls()) return false;
    this.isOnTrial = this.remedy !== null;
    return true;
  }

  giveBack(): void {
    this.isOnTrial = false;
  }

  noteUnreachable(gateway: Gateway, error: string, retryAfterMs: number | null): void {
    if (this.probing !== null) return;
    this.remedy = null;
    this.interrupt(gateway, error, retryAfterMs);
  }

  /** Returns the pause before the gateway is probed, in milliseconds. */
  noteBroken(gateway: Gateway, error: string, remedy: string): number {
    this.remedy = remedy;
    this.interrupt(gateway, error, null);
    return this.pauseMs;
  }

  /** A call was accepted: the outage is over. */
  close(): void {
    const wasReported = this.probing !== null || this.remedy !== null;
    this.stop();
    if (!wasReported) return;
    this.surroundings.reports.end(this.name);
    this.surroundings.onReturn(this.name);
  }

  stop(): void {
    if (this.probing !== 'under way' && this.probing !== null) clearTimeout(this.probing);
    this.probing = null;
  }

  private interrupt(gateway: Gateway, error: string, retryAfterMs: number | null): void {
    this.isOnTrial = false;
    this.surroundings.reports.note({ gateway: this.name, error, remedy: this.remedy });
    if (this.probing !== null) return;
    this.failures += 1;
    this.probeLater(gateway, retryAfterMs);
  }

  private probeLater(gateway: Gateway, retryAfterMs: number | null): void {
    const { firstMs, longestMs } = this.surroundings.pace;
    const pauseMs = backoffMs({
      attempt: this.failures,
      baseMs: firstMs,
      maxMs: this.remedy === null ? longestMs : BROKEN_FACTOR * longestMs,
      random: randomFraction(),
    });
    const ms = retryAfterMs === null ? pauseMs : Math.min(Math.max(retryAfterMs, pauseMs), 6 * longestMs);
    this.pauseMs = ms;
    this.probing = setTimeout(() => void this.probe(gateway), ms);
  }

  private async probe(gateway: Gateway): Promise<void> {
    const { stopping, reports } = this.surroundings;
    this.probing = 'under way';
    const { reachable, error, remedy } = await withSignal(stopping, PROBE_TIMEOUT_MS, (signal) =>
      gateway.probe(signal),
    );
    // A call was accepted meanwhile, or the process stops.
    if (stopping.aborted || this.probing !== 'under way') return;
    if (reachable) return this.admit();
    this.failures += 1;
    const words = error ?? 'The gateway does not answer.';
    if (remedy !== undefined) this.remedy = remedy;
    reports.note({ gateway: this.name, error: words, remedy: this.remedy });
    this.probeLater(gateway, null);
  }

  /** A probe proves that an unreachable gateway is back. A broken one has yet to accept a call. */
  private admit(): void {
    this.probing = null;
    if (this.remedy === null) this.surroundings.reports.end(this.name);
    this.surroundings.onReturn(this.name);
  }
}
