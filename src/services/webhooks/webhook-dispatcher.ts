import { setTimeout as pause } from 'node:timers/promises';
import { EVENT_TYPES, type EventType } from '../../domain/events/event-types.js';
import { createAlarm } from '../../kernel/alarm.js';
import type { Service } from '../../kernel/service.js';
import { readWebhookPlan } from '../../store/webhooks/webhook-leases.js';
import { RENEW_MS } from './webhook-lease.js';
import type { OpenBodies, WebhookContext } from './webhook-run.js';
import { WebhookRuns } from './webhook-runs.js';

export interface WebhookDispatcherOptions {
  readonly context: WebhookContext;
  readonly openBodies: OpenBodies;
  /** Unique among all processes. */
  readonly processName: string;
  /** Listens to the log of this process; returns the end of it. */
  readonly onEntries: (types: readonly EventType[], notice: () => void) => () => void;
}

/** The shortest pause between two looks for work, in milliseconds. A busy log rings many times a second. */
const SPACING_MS = 50;

/** The longest pause, in milliseconds. */
const LONGEST_MS = 60_000;

/** The pause after a look that failed, in milliseconds. */
const RETRY_MS = 1_000;

/** The events after which a webhook may have something to deliver although this process did not know of one. */
const CONCERNS_WEBHOOKS = EVENT_TYPES.filter((type) => type.startsWith('webhook.'));

/**
 * Delivers the log to the webhooks. Any number of processes may run this: a lease on the row gives each webhook to one of them. One
 * webhook is one run with one page of the log in memory, so a slow receiver delays no other and holds no memory.
 */
export function createWebhookDispatcher(options: WebhookDispatcherOptions): Service {
  const { context, openBodies, processName, onEntries } = options;
  const alarm = createAlarm();
  const runs = new WebhookRuns(context, openBodies, processName, alarm.ring);
  let unlisten: (() => void) | undefined;
  let isListeningToAll = false;
  let looking: Promise<void> | undefined;
  let renewing: NodeJS.Timeout | undefined;
  let isStopping = false;

  function notice(): void {
    runs.ring();
    alarm.ring();
  }

  /** Without webhooks the process need not read the whole log for them. */
  function listen(toAll: boolean): void {
    if (unlisten !== undefined && isListeningToAll === toAll) return;
    isListeningToAll = toAll;
    const end = unlisten;
    unlisten = onEntries(toAll ? EVENT_TYPES : CONCERNS_WEBHOOKS, notice);
    end?.();
  }

  /** Takes what is due, and returns the milliseconds until something else can be. */
  async function look(): Promise<number> {
    const { active, nextInMs } = await readWebhookPlan(context.database.pool);
    // First, so that an event that comes before the next statement rings, and one from before is found by it.
    listen(active > 0);
    while (!isStopping && runs.size < active && (await runs.takeNext()));
    return Math.min(LONGEST_MS, Math.max(SPACING_MS, nextInMs ?? LONGEST_MS));
  }

  async function keepLooking(): Promise<void> {
    while (!isStopping) {
      const restMs = await look().catch(() => RETRY_MS);
      await pause(SPACING_MS);
      if (!isStopping) await alarm.sleep(restMs);
    }
  }

  return {
    async start() {
      listen(false);
      // A renewal that fails is repeated; the lease ends if none succeeds.
      renewing = setInterval(() => void runs.renew().catch(() => undefined), RENEW_MS);
      looking = keepLooking();
    },
    async stop() {
      isStopping = true;
      unlisten?.();
      alarm.ring();
      await looking;
      await runs.stop();
      clearInterval(renewing);
    },
  };
}
