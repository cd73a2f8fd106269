import { SYSTEM, type Viewer } from '../../domain/actor.js';
import { idOfEvent } from '../../domain/events/event-id.js';
import type { EventType } from '../../domain/events/event-types.js';
import {
  GIVE_UP_MS,
  retryInMs,
  TROUBLING_FAILURES,
  typesOf,
  type WebhookFilter,
} from '../../domain/webhooks/webhook.js';
import { createAlarm } from '../../kernel/alarm.js';
import { randomFraction } from '../../kernel/ids.js';
import { inTransaction, type Transaction } from '../../postgres/transaction.js';
import { type LogFilter, type LogRow, readLog } from '../../store/events/event-log.js';
import {
  type Attempt,
  type HeldWebhook,
  pauseHeldWebhook,
  pruneDeliveries,
  readHeldWebhook,
  releaseWebhook,
  writeDelivered,
  writeFailed,
} from '../../store/webhooks/webhook-leases.js';
import type { WebhookAnswer } from '../../webhooks/http-sender.js';
import { findTaskIdsOfRun } from '../pipelines/read-pipelines.js';
import type { ServiceContext } from '../service-context.js';
import type { WebhookLease } from './webhook-lease.js';

/** Writes the bodies of a webhook's deliveries. */
export interface BodyWriter {
  /** The body of an event; null if the creator of the webhook may not see the event. */
  write(entry: LogRow): Promise<string | null>;
  close(): void;
}

/** Opens the writer of a webhook with the rights of its creator. */
export type OpenBodies = (webhook: Pick<HeldWebhook, 'format' | 'document'>, viewer: Viewer) => BodyWriter;

export type WebhookContext = Pick<
  ServiceContext,
  'database' | 'settings' | 'instrument' | 'clock' | 'webhooks'
>;

/** The maximum number of entries of the log in memory for one webhook. */
const PAGE = 100;

/** How long a webhook without events is held, in milliseconds. Events that come meanwhile are sent without a new lease. */
const LINGER_MS = 2_000;

/** The number of deliveries that are kept, and after how many new ones the others are deleted. */
const KEPT_DELIVERIES = 200;
const PRUNE_EVERY = 50;

type Next = 'go on' | 'read again' | 'end';

/**
 * Sends the events of one webhook in the order of the log, one at a time, for as long as the lease lasts. Each outcome is committed
 * before the next event is sent: if the process dies between the two, that event alone is sent again.
 */
export class WebhookRun {
  private readonly alarm = createAlarm();
  private bodies: BodyWriter | null = null;
  private filter: LogFilter = {};
  private position: bigint;
  private heldAtMs: number;
  private sent = 0;
  private isStopping = false;

  constructor(
    private held: HeldWebhook,
    private readonly lease: WebhookLease,
    private readonly context: WebhookContext,
    private readonly open: OpenBodies,
  ) {
    this.position = held.position;
    this.heldAtMs = context.clock.now();
  }

  /** There may be new events. */
  ring(): void {
    this.alarm.ring();
  }

  /** Ends after the request that is under way. */
  stop(): void {
    this.isStopping = true;
    this.alarm.ring();
  }

  async run(): Promise<void> {
    try {
      await this.prepare();
      while (!this.isStopping && (await this.step()) !== 'end');
    } finally {
      this.bodies?.close();
      const { holder } = this.lease;
      await releaseWebhook(this.context.database.pool, {
        holder,
        from: this.held.position,
        position: this.position,
      });
    }
  }

  private async step(): Promise<Next> {
    const next = await this.readAgain();
    if (next === 'end') return 'end';
    const { readPool } = this.context.database;
    const page = await readLog(readPool, { after: this.position, limit: PAGE, filter: this.filter });
    if (page.begin > this.position)
      return this.pause(
        'Events were pruned before they were delivered. Resume it to go on with those that are left.',
      );
    for (const entry of page.rows) {
      const outcome = await this.deliver(entry);
      if (outcome !== 'go on') return outcome;
    }
    this.position = page.upTo;
    if (page.isFull || page.rows.length > 0) return 'go on';
    return (await this.alarm.sleep(LINGER_MS)) ? 'go on' : 'end';
  }

  /** Reads the row: an edit by any process applies from the next event on. */
  private async readAgain(): Promise<Next> {
    const row = this.lease.isHeld()
      ? await readHeldWebhook(this.context.database.pool, this.lease.holder)
      : null;
    if (row === null) return 'end';
    return this.accept(row);
  }

  private async accept(row: HeldWebhook): Promise<Next> {
    const isEdited = row.version !== this.held.version;
    this.held = row;
    this.heldAtMs = this.context.clock.now();
    if (isEdited) {
      this.position = row.position;
      await this.prepare();
    }
    if (row.pausedAt !== null) return 'end';
    if (row.isKeyOver) return this.pause('The key that made it was revoked or has expired.');
    return isEdited ? 'read again' : 'go on';
  }

  private async prepare(): Promise<void> {
    this.bodies?.close();
    const viewer = viewerOf(this.held);
    this.bodies = this.open(this.held, viewer);
    const filter = this.held.filter as WebhookFilter;
    const { taskId, agentId, pipelineRunId } = filter;
    const types = typesOf(filter);
    const taskIds = pipelineRunId && (await findTaskIdsOfRun(this.context, viewer, pipelineRunId));
    this.filter = {
      ...(types === undefined ? {} : { types }),
      ...(taskId === undefined ? {} : { taskId }),
      ...(agentId === undefined ? {} : { agentId }),
      ...(pipelineRunId === undefined
        ? {}
        : { pipelineRun: { id: pipelineRunId, taskIds: new Set(taskIds ?? []) } }),
    };
  }

  private async deliver(entry: LogRow): Promise<Next> {
    const body = await this.write(entry);
    if (body === 'interrupted') return 'end';
    if (body === null) {
      this.position = entry.id;
      return 'go on';
    }
    if (this.isStopping || !this.lease.isHeld()) return 'end';
    const eventId = idOfEvent(entry);
    const beganAtMs = this.context.clock.now();
    const { id: webhookId, url, secrets } = this.held;
    const answer = await this.context.webhooks.send({
      ...{ webhookId, url, id: eventId, atMs: this.now(), secrets, body },
      signal: this.lease.signal,
    });
    if (this.lease.signal.aborted) return 'end';
    return this.keep(entry, answer, this.context.clock.now() - beganAtMs);
  }

  /** The time of the database: receivers refuse a signature of another time, and this machine's time of day may be wrong. */
  private now(): number {
    return this.held.readAt.getTime() + this.context.clock.now() - this.heldAtMs;
  }

  /** What a document selects is repeated in an outage for as long as it lasts, so a stop does not wait for it. */
  private write(entry: LogRow): Promise<string | null | 'interrupted'> {
    const { signal } = this.lease;
    return new Promise((resolve, reject) => {
      const interrupt = () => resolve('interrupted');
      signal.addEventListener('abort', interrupt, { once: true });
      (this.bodies?.write(entry) ?? Promise.resolve(null))
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', interrupt));
    });
  }

  private async keep(entry: LogRow, answer: WebhookAnswer, durationMs: number): Promise<Next> {
    const { position: from, failures } = this.held;
    const attempt: Attempt = {
      ...{ ...answer, holder: this.lease.holder, from, position: entry.id, durationMs },
      eventId: idOfEvent(entry),
      attempt: failures + 1,
    };
    const { instrument, database } = this.context;
    const outcome = answer.error === null ? 'delivered' : 'failed';
    instrument.emit('trace', 'webhook.attempted', 'An event was sent to a webhook', { outcome, durationMs });
    this.sent += 1;
    if (this.sent % PRUNE_EVERY === 0) await pruneDeliveries(database.pool, this.held.id, KEPT_DELIVERIES);
    if (answer.error !== null) return this.keepFailure(attempt, answer.error, answer.retryAfterMs);
    const row = await this.writeDelivery(attempt);
    if (row === null) return 'end';
    this.position = entry.id;
    return this.accept(row);
  }

  /** Nearly every delivery is one statement: only one that ends a series of failures has an event. */
  private writeDelivery(attempt: Attempt): Promise<HeldWebhook | null> {
    const { database } = this.context;
    if (this.held.failures < TROUBLING_FAILURES) return writeDelivered(database.pool, attempt);
    return inTransaction(database, async (tx) => {
      const written = await writeDelivered(tx.executor, attempt);
      if (written !== null) this.tell(tx, 'webhook.recovered');
      return written;
    });
  }

  private async keepFailure(attempt: Attempt, error: string, retryAfterMs: number | null): Promise<Next> {
    const waitMs = retryInMs({ attempt: attempt.attempt, retryAfterMs, random: randomFraction() });
    await inTransaction(this.context.database, async (tx) => {
      const row = await writeFailed(tx, attempt, waitMs);
      if (row === null) return;
      const reason = this.reasonToGiveUp(attempt, row.failingMs, error);
      if (reason !== null) await this.writePause(tx, reason);
      else if (row.failures === TROUBLING_FAILURES) this.tell(tx, 'webhook.failing', error);
    });
    return 'end';
  }

  /** 410 says that the receiver is gone for good. */
  private reasonToGiveUp({ status }: Attempt, failingMs: number, error: string): string | null {
    if (status === 410) return 'The receiver answered that it is gone (410).';
    return failingMs >= GIVE_UP_MS ? `It has failed for a day. ${error}` : null;
  }

  private async pause(reason: string): Promise<Next> {
    await inTransaction(this.context.database, (tx) => this.writePause(tx, reason));
    return 'end';
  }

  private async writePause(tx: Transaction, reason: string): Promise<void> {
    const wasHeld = await pauseHeldWebhook(tx, this.lease.holder, reason);
    if (!wasHeld) return;
    this.tell(tx, 'webhook.paused', reason);
  }

  private tell(tx: Transaction, type: EventType, reason?: string): void {
    const webhookId = this.held.id;
    tx.emit({
      type,
      actor: SYSTEM,
      payload: { webhookId, ...(reason === undefined ? {} : { reason }) },
    });
  }
}

function viewerOf({ keyId, role }: HeldWebhook): Viewer {
  return { keyId, role, agentId: null };
}
