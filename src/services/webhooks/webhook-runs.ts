import { waitAtMost } from '../../kernel/with-deadline.js';
import { renewWebhooks, takeWebhook } from '../../store/webhooks/webhook-leases.js';
import { LEASE_MS, WebhookLease } from './webhook-lease.js';
import { type OpenBodies, type WebhookContext, WebhookRun } from './webhook-run.js';

/** How long a stop waits for requests that are under way, in milliseconds. An event whose request is broken off is sent again. */
const DRAIN_MS = 3_000;

interface OpenRun {
  readonly run: WebhookRun;
  readonly lease: WebhookLease;
  readonly ended: Promise<void>;
}

/** The webhooks that this process holds, each with one run. */
export class WebhookRuns {
  private readonly open = new Set<OpenRun>();
  private leases = 0;

  constructor(
    private readonly context: WebhookContext,
    private readonly openBodies: OpenBodies,
    /** Unique among all processes. */
    private readonly processName: string,
    private readonly onEnd: () => void,
  ) {}

  get size(): number {
    return this.open.size;
  }

  /** There may be new events for each of them. */
  ring(): void {
    for (const { run } of this.open) run.ring();
  }

  /** Takes a webhook that is due and that no process holds, and begins to send. Returns false if there is none. */
  async takeNext(): Promise<boolean> {
    const nowMs = () => this.context.clock.now();
    this.leases += 1;
    const lease = new WebhookLease(`${this.processName} ${this.leases}`, nowMs(), nowMs);
    const held = await takeWebhook(this.context.database.pool, lease.holder, LEASE_MS);
    if (held === null) return false;
    const run = new WebhookRun(held, lease, this.context, this.openBodies);
    const begun: OpenRun = { run, lease, ended: this.follow(run, held.id).then(() => this.end(begun)) };
    this.open.add(begun);
    return true;
  }

  /** Extends all leases with one statement. Those that another process has taken are lost. */
  async renew(): Promise<void> {
    if (this.open.size === 0) return;
    const leases = [...this.open].map(({ lease }) => lease);
    const fromMs = this.context.clock.now();
    const holders = leases.map(({ holder }) => holder);
    const kept = await renewWebhooks(this.context.database.pool, holders, LEASE_MS);
    for (const lease of leases) {
      if (kept.has(lease.holder)) lease.renewed(fromMs);
      else lease.lose();
    }
  }

  /** Ends all runs, after the requests that are under way if they end soon. */
  async stop(): Promise<void> {
    const all = Promise.all([...this.open].map(({ ended }) => ended));
    for (const { run } of this.open) run.stop();
    await waitAtMost(DRAIN_MS, all);
    for (const { lease } of this.open) lease.lose();
    await all;
  }

  private async follow(run: WebhookRun, webhook: string): Promise<void> {
    try {
      await run.run();
    } catch (error) {
      // An outage, which others report. The webhook is taken again once the lease has ended.
      const message = 'The delivery to a webhook was interrupted';
      this.context.instrument.emit('debug', 'webhook.interrupted', message, { webhook, error });
    }
  }

  private end(run: OpenRun): void {
    this.open.delete(run);
    this.onEnd();
  }
}
