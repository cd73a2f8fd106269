/** How long a lease lasts, in milliseconds: so long a webhook rests whose process has died. */
export const LEASE_MS = 6_000;

/** The pause between two renewals. Two may fail before a lease ends. */
export const RENEW_MS = 2_000;

/** The lease of this process on one webhook. */
export class WebhookLease {
  /** When it ends, by the clock of this process: measured from before the statement that gave it, so never too late. */
  private endsAtMs: number;
  private readonly lost = new AbortController();

  constructor(
    readonly holder: string,
    fromMs: number,
    private readonly nowMs: () => number,
  ) {
    this.endsAtMs = fromMs + LEASE_MS;
  }

  /** Aborted when another process may have the webhook, or this one stops. */
  get signal(): AbortSignal {
    return this.lost.signal;
  }

  /** Whether this process may still send. A process that stood still finds its lease ended before it sends again. */
  isHeld(): boolean {
    return !this.lost.signal.aborted && this.nowMs() < this.endsAtMs;
  }

  renewed(fromMs: number): void {
    this.endsAtMs = fromMs + LEASE_MS;
  }

  lose(): void {
    this.lost.abort();
  }
}
