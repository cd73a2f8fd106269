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

/** A transaction and the events of its changes: all are committed together or none is. */
export interface Transaction {
  /** The connection, for functions that also run outside transactions. */
  readonly executor: Executor;
  query<Row extends object>(statement: Statement): Promise<Row[]>;
  /** The first row of the result, or null. */
  one<Row extends object>(statement: Statement): Promise<Row | null>;
  /** Appends an event to the log when the transaction commits. */
  emit(event: NewEvent): void;
  /**
   * Runs `work` after everything else in the transaction, in the order of the keys. Of several works with one key only the
   * last one runs. For locks that every transaction takes last and in this order, so that they cannot deadlock.
   */
  atEnd(key: string, work: () => Promise<void>): void;
}

/**
 * The maximum number of attempts of a transaction that fails with a deadlock, a serialisation conflict or a unique
 * violation.
 */
const MAX_TRIES = 4;

/**
 * Runs `work` in a transaction and rings the bell after the commit if it emitted events. If `work` throws, everything is
 * rolled back. Deadlock victims are retried, so `work` must have no effect outside the transaction.
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
      // An immediate retry could take the lock that the winner is just being woken for, and deadlock again.
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
    // Last before the commit, when all locks are held: the order of the log is that of the ids that are drawn here.
    if (events.length > 0) await appendEvents(client, events);
    await client.query('COMMIT');
    if (events.length > 0) noteCommit(database, events);
    return result;
  } catch (error) {
    if (error instanceof LeaseLost)
      database.instrument.emit('trace', 'lease.lost', 'A run lost its lease on the task');
    // In an outage PostgreSQL rolls back by itself once it notices; a ROLLBACK would only wait again.
    broken = isOutage(error) && error instanceof Error ? error : await rollBack(client);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Reports the events of a commit: of a transaction, or of a database function that is its own transaction. */
export function noteCommit({ bell, instrument, outages }: Database, events: readonly NewEvent[]): void {
  bell.ring();
  outages.noteCommit();
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

/** Returns an error, which makes the connection unusable, if the rollback fails. */
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
  // 23505: two transactions inserted the same name at once. The retry finds the name taken and refuses with a reason.
  return code === '40001' || code === '40P01' || code === '23505';
}
