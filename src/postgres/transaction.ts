import { setTimeout as pause } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { NewEvent } from '../domain/events/event-types.js';
import { LeaseLost } from '../domain/refusals.js';
import { backoffMs } from '../kernel/backoff.js';
import { randomFraction } from '../kernel/ids.js';
import { appendEvents } from './append-events.js';
import type { Database } from './database.js';
import { isOutage } from './outage.js';
import { type Executor, query, type Statement } from './statement.js';

/** One story: all of it happens, events included, or none of it. */
export interface Transaction {
  /** The connection, for verbs that also run outside transactions. */
  readonly executor: Executor;
  query<Row extends object>(statement: Statement): Promise<Row[]>;
  /** The one row a statement gives, or null. */
  one<Row extends object>(statement: Statement): Promise<Row | null>;
  /** Appends an event to the log when the transaction commits. */
  emit(event: NewEvent): void;
  /**
   * Lets work wait until everything else in the transaction is done; under one key only the last work that was given
   * runs, in the order of the keys. For locks that come last: taken by all in this order, they close no deadlock.
   */
  atEnd(key: string, work: () => Promise<void>): void;
}

/** How often a transaction that lost a deadlock, a serialisation conflict or a race for a name is tried again. */
const MAX_TRIES = 4;

/**
 * Runs `work` in a transaction and rings the bell after the commit if it emitted events. Whatever `work` throws rolls
 * everything back. Deadlock victims start over, so `work` must have no effect outside the transaction.
 */
export async function inTransaction<Result>(
  database: Database,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(database, work);
    } catch (error) {
      if (attempt >= MAX_TRIES || !isConflict(error)) throw error;
      // At once it could take the lock that the winner is just being woken for, and both would meet again.
      await pause(backoffMs({ attempt, baseMs: 10, maxMs: 100, random: randomFraction() }));
    }
  }
}

async function runOnce<Result>(
  database: Database,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const client = await database.pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const events: NewEvent[] = [];
    const atEnd = new Map<string, () => Promise<void>>();
    const result = await work(openTransaction(client, events, atEnd));
    for (const key of [...atEnd.keys()].sort()) await atEnd.get(key)?.();
    // Last before the commit: the log's position counter is taken for as short a time as can be.
    if (events.length > 0) await appendEvents(client, events);
    await client.query('COMMIT');
    if (events.length > 0) noteCommit(database, events);
    return result;
  } catch (error) {
    if (error instanceof LeaseLost)
      database.instrument.emit('trace', 'lease.lost', 'A run came late for its task');
    // Rolled back by PostgreSQL, when it learns of it; asking would only wait once more.
    broken = isOutage(error) && error instanceof Error ? error : await rollBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

function noteCommit({ bell, instrument }: Database, events: readonly NewEvent[]): void {
  bell.ring();
  instrument.emit('trace', 'events.appended', 'A transaction has appended events', { events });
}

function openTransaction(
  client: PoolClient,
  events: NewEvent[],
  atEnd: Map<string, () => Promise<void>>,
): Transaction {
  return {
    executor: client,
    query: (statement) => query(client, statement),
    async one<Row extends object>(statement: Statement) {
      const [row] = await query<Row>(client, statement);
      return row ?? null;
    },
    emit: (event) => void events.push(event),
    atEnd: (key, work) => void atEnd.set(key, work),
  };
}

/** The error that makes the connection unusable, if rolling back fails. */
async function rollBack(client: PoolClient): Promise<Error | undefined> {
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function isConflict(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // 23505: two take one name at the same moment; the second try finds it taken, and says so.
  return code === '40001' || code === '40P01' || code === '23505';
}
