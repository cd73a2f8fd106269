import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createInstrument } from '../../src/kernel/instrument.js';
import { Unavailable } from '../../src/kernel/unavailable.js';
import { createBatchQueue } from '../../src/postgres/batch-queue.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { isOutage } from '../../src/postgres/outage.js';
import { openTestServices } from '../support/factories/services.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { holdLocks } from '../support/postgres/held-lock.js';
import { createLimitedRole } from '../support/postgres/limited-role.js';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

function open(connectionString = test.url) {
  const database = createDatabase({ connectionString, instrument: createInstrument() });
  onTestFinished(() => database.close());
  return database;
}

/** A queue that answers each number with its double, and tells the statements that it has sent. */
function createDoubles({ claimConnection }: Database, name = 'doubles', served: string[] = []) {
  const queue = createBatchQueue<number, number>({
    connection: claimConnection,
    subjectsOf: (n) => [String(n % 100)],
    refusal: 'doubles no more numbers',
    async serve(connection, numbers) {
      served.push(`${name} ${numbers}`);
      const sql = numbers.includes(13)
        ? 'SELECT 1 / 0'
        : `SELECT pg_advisory_xact_lock(1), n * 2 AS double FROM unnest('{${numbers}}'::int[]) n`;
      const { rows } = await connection.query<{ double: number }>(sql);
      return rows.map(({ double }) => double);
    },
  });
  return { queue, served };
}

/** Blocks the statements of the queues. */
async function block() {
  const services = await openTestServices(test.url);
  onTestFinished(() => services.close());
  const lock = await holdLocks(services, 'SELECT pg_advisory_xact_lock(1)', []);
  return lock;
}

describe('a queue of batches', () => {
  it('answers all requests that arrive during a statement with the next one', async () => {
    const { queue, served } = createDoubles(open());
    expect(await Promise.all([1, 2, 3, 4].map(queue.ask))).toEqual([2, 4, 6, 8]);
    expect(served).toEqual(['doubles 1', 'doubles 2', 'doubles 3,4']);
  });

  it('does not serve two requests with a common subject in one statement, and keeps their order', async () => {
    const lock = await block();
    const { queue, served } = createDoubles(open());
    const answers = Promise.all([1, 2, 3, 103, 203, 4].map(queue.ask));
    await vi.waitFor(() => expect(served).toHaveLength(2), 20_000);
    await lock.release();
    expect(await answers).toEqual([2, 4, 6, 206, 406, 8]);
    expect(served).toEqual(['doubles 1', 'doubles 2', 'doubles 3,4', 'doubles 103', 'doubles 203']);
  });

  it('takes turns with the other queues of its connection', async () => {
    const lock = await block();
    const database = open();
    const served: string[] = [];
    const [one, two] = [createDoubles(database, 'one', served), createDoubles(database, 'two', served)];
    const many = [1, 2, 102, 202].map(one.queue.ask);
    const few = [5].map(two.queue.ask);
    await lock.release();
    expect(await Promise.all([...many, ...few])).toEqual([2, 4, 204, 404, 10]);
    expect(served.indexOf('two 5')).toBeLessThanOrEqual(3);
  });

  it('fails the requests of a statement that fails, and no others', async () => {
    const { queue, served } = createDoubles(open());
    const outcomes = await Promise.allSettled([1, 2, 13, 14].map(queue.ask));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(served.at(-1)).toBe('doubles 13,14');
    expect(await queue.ask(15)).toBe(30);
  });

  it('fails the requests of a connection that breaks, and serves later ones with another', async () => {
    const lock = await block();
    const database = open();
    const { queue } = createDoubles(database);
    const outcomes = Promise.allSettled([1, 2].map(queue.ask));
    await vi.waitFor(async () => {
      const ended = await database.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT pg_advisory_xact_lock(1), n * 2%' AND datname = current_database()`);
      expect(ended.rows).toHaveLength(1);
    }, 20_000);
    for (const outcome of await outcomes)
      expect(isOutage(outcome.status === 'rejected' && outcome.reason)).toBe(true);
    await lock.release();
    expect(await queue.ask(3)).toBe(6);
  });

  it('answers what waits when it is closed, and refuses what comes later', async () => {
    const lock = await block();
    const { queue } = createDoubles(open());
    const answers = Promise.all([1, 2, 3].map(queue.ask));
    const closed = queue.close();
    await expect(queue.ask(4)).rejects.toThrow(Unavailable);
    await lock.release();
    await closed;
    expect(await answers).toEqual([2, 4, 6]);
  });

  it('answers without a statement, if it can, when PostgreSQL has no connection left', async () => {
    const { url } = await createLimitedRole(test.url, 1);
    const occupant = new pg.Client({ connectionString: url });
    await occupant.connect();
    onTestFinished(() => occupant.end());
    const { claimConnection } = open(url);
    const options = {
      connection: claimConnection,
      subjectsOf: (n: number) => [String(n)],
      refusal: 'answers no more',
    } as const;
    const serve = () => Promise.reject(new Error('a statement was sent'));
    const queue = createBatchQueue<number, number>({ ...options, serve, answerUnsent: () => -1 });
    expect(await Promise.all([1, 2, 3].map(queue.ask))).toEqual([-1, -1, -1]);
    const other = createBatchQueue<number, number>({ ...options, serve });
    await expect(other.ask(1)).rejects.toMatchObject({ code: '53300' });
  });
});
