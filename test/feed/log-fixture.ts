import { vi } from 'vitest';
import { SYSTEM } from '../../src/domain/actor.js';
import type { NewEvent } from '../../src/domain/events/event-types.js';
import { createFeed } from '../../src/feed/feed.js';
import type { Feed, LogEntry, SubscribeOptions } from '../../src/feed/hub.js';
import type { SubscriptionLimits } from '../../src/feed/subscription.js';
import { type Clock, systemClock } from '../../src/kernel/clock.js';
import { createInstrument, type Signal } from '../../src/kernel/instrument.js';
import type { Service } from '../../src/kernel/service.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import { createTestDatabase } from '../support/postgres/database.js';
import { untilLogIsReadable } from '../support/postgres/readable-log.js';

/** The parts of a server process that deliver events: a pool, a bell, a feed, and the signals that it emits. */
export interface Process {
  readonly database: Database;
  readonly feed: Feed & Service;
  readonly signals: Signal[];
}

/** A database with as many processes as a test starts. */
export interface LogFixture {
  startProcess(limits?: SubscriptionLimits, clock?: Clock, processClock?: Clock): Promise<Process>;
  /** Appends in one transaction from a process without a feed, and rings its bell. */
  append(...events: Partial<NewEvent>[]): Promise<void>;
  /** Makes all written entries readable. */
  settled(): Promise<void>;
  readonly database: Database;
  close(): Promise<void>;
}

export async function createLogFixture(): Promise<LogFixture> {
  const { url, drop } = await createTestDatabase();
  const processes: Process[] = [];
  const database = createDatabase({ connectionString: url, instrument: createInstrument() });
  return {
    database,
    async startProcess(limits, clock = systemClock, processClock = systemClock) {
      const instrument = createInstrument();
      const signals: Signal[] = [];
      instrument.listen((signal) => signals.push(signal));
      const own = createDatabase({ connectionString: url, instrument });
      const feed = createFeed({
        database: own,
        instrument,
        clock,
        processClock,
        ...(limits === undefined ? {} : { limits }),
      });
      await feed.start();
      processes.push({ database: own, feed, signals });
      return { database: own, feed, signals };
    },
    append: (...events) => append(database, ...events),
    settled: () => untilLogIsReadable(database.pool),
    async close() {
      await Promise.all(processes.map(({ feed }) => feed.stop()));
      await Promise.all(
        [database, ...processes.map((process) => process.database)].map((one) => one.close()),
      );
      await drop();
    },
  };
}

export async function append(database: Database, ...events: Partial<NewEvent>[]): Promise<void> {
  await inTransaction(database, async (tx) => {
    for (const event of events) tx.emit({ type: 'task.updated', actor: SYSTEM, ...event });
  });
}

/** Collects the entries of a subscriber. `ended` resolves to the error that ended its stream, if there was one. */
export interface Collector {
  readonly entries: LogEntry[];
  readonly ended: Promise<Error | undefined>;
  has(count: number): Promise<void>;
}

export async function collect(feed: Feed, options: SubscribeOptions = {}): Promise<Collector> {
  const stream = await feed.subscribe(options);
  const entries: LogEntry[] = [];
  const read = async () => {
    for await (const chunk of stream) entries.push(...chunk);
  };
  return {
    entries,
    ended: read().then(
      () => undefined,
      (error: Error) => error,
    ),
    has: (count) =>
      vi.waitFor(
        () => {
          if (entries.length < count) throw new Error(`${entries.length} of ${count} entries have arrived`);
        },
        { timeout: 20_000, interval: 5 },
      ),
  };
}

export const messages = (entries: readonly LogEntry[]) =>
  entries.map(({ payload }) => Object(payload).message);
