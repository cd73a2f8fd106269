import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { NUMBERING_BATCH, numberEvents, VACUUM_AFTER } from '../../src/postgres/number-events.js';
import { createTestDatabase } from '../support/postgres/database.js';
import { append, collect, createLogFixture, type LogFixture, messages } from './log-fixture.js';

let log: LogFixture;

beforeAll(async () => {
  log = await createLogFixture();
});
afterAll(() => log.close());

const say = (message: string) => ({ payload: { message } });

/** Commits an event like a process that dies before it rings its bell. */
const commitSilently = (message: string) =>
  log.database.pool.query(
    `INSERT INTO event_outbox (type, payload) VALUES ('task.updated', jsonb_build_object('message', $1::text))`,
    [message],
  );

const positions = async (from = 0n) => {
  const { rows } = await log.database.pool.query<{ id: bigint; message: string }>(
    "SELECT id, payload ->> 'message' AS message FROM events WHERE id > $1 ORDER BY id",
    [from],
  );
  return rows;
};

const endOfLog = async () => (await positions()).at(-1)?.id ?? 0n;

const waiting = async () => {
  const { rows } = await log.database.pool.query('SELECT id FROM event_outbox');
  return rows.length;
};

describe('the numbering of events', () => {
  it('is dense and in the order of commits that depend on each other, with several sequencers at once', async () => {
    const begin = await endOfLog();
    const clients = await Promise.all(Array.from({ length: 4 }, () => log.database.pool.connect()));
    let isWriting = true;
    const sequence = async (client: pg.PoolClient) => {
      while (isWriting || (await waiting()) > 0) await numberEvents(client);
    };
    const write = async (writer: number) => {
      for (let i = 0; i < 40; i += 1) await append(log.database, say(`${writer}.${i}`));
    };
    const sequencing = Promise.all(clients.map(sequence));
    await Promise.all(Array.from({ length: 16 }, (_, writer) => write(writer)));
    isWriting = false;
    await sequencing;
    for (const client of clients) client.release();
    const rows = await positions(begin);
    expect(rows.map(({ id }) => id - begin)).toEqual(rows.map((_, i) => BigInt(i + 1)));
    expect(rows).toHaveLength(16 * 40);
    for (let writer = 0; writer < 16; writer += 1) {
      const own = rows.map(({ message }) => message).filter((message) => message.startsWith(`${writer}.`));
      expect(own).toEqual(Array.from({ length: 40 }, (_, i) => `${writer}.${i}`));
    }
  });

  it('leaves no hole for a transaction that rolls back', async () => {
    const begin = await endOfLog();
    await commitSilently('one');
    const open = await log.database.pool.connect();
    await open.query('BEGIN');
    await open.query("INSERT INTO event_outbox (type) VALUES ('task.updated')");
    await open.query('ROLLBACK');
    open.release();
    await commitSilently('two');
    await log.settled();
    expect(await positions(begin)).toEqual([
      { id: begin + 1n, message: 'one' },
      { id: begin + 2n, message: 'two' },
    ]);
  });

  it('takes a long backlog in batches', async () => {
    const begin = await endOfLog();
    await log.database.pool.query(
      "INSERT INTO event_outbox (type, payload) SELECT 'task.updated', jsonb_build_object('message', i::text) FROM generate_series(1, $1::int) i",
      [NUMBERING_BATCH + 500],
    );
    // The poll of a process may number a batch meanwhile.
    const batches: number[] = [];
    do batches.push(await numberEvents(log.database.pool));
    while (batches.at(-1) !== 0);
    expect(Math.max(...batches)).toBeLessThanOrEqual(NUMBERING_BATCH);
    const rows = await positions(begin);
    expect(rows.map(({ message }) => message)).toEqual(
      Array.from({ length: NUMBERING_BATCH + 500 }, (_, i) => `${i + 1}`),
    );
  });

  it('vacuums the outbox after many events', async () => {
    await log.database.pool.query(
      "INSERT INTO event_outbox (type) SELECT 'task.updated' FROM generate_series(1, $1::int)",
      [VACUUM_AFTER],
    );
    log.database.bell.ring();
    await vi.waitFor(async () => {
      const { rows } = await log.database.pool.query(
        "SELECT vacuum_count::int AS count FROM pg_stat_all_tables WHERE relname = 'event_outbox'",
      );
      expect(rows).toEqual([{ count: 1 }]);
    }, 20_000);
  });

  it('is done by another process when the sequencer dies in the middle', async () => {
    const begin = await endOfLog();
    await commitSilently('one');
    await commitSilently('two');
    // The sequencer stops at its insert into the log, with the lock and the taken events in its hands.
    const table = await log.database.pool.connect();
    await table.query('BEGIN');
    await table.query('LOCK TABLE events IN SHARE MODE');
    const dying = new pg.Client({ connectionString: log.database.connectionString });
    dying.on('error', () => undefined);
    await dying.connect();
    const { rows } = await dying.query('SELECT pg_backend_pid() AS pid');
    const death = expect(numberEvents(dying)).rejects.toThrow();
    const next = vi.fn();
    await vi.waitFor(async () => expect(await lockWaits()).toBe(1), 20_000);
    const taking = numberEvents(log.database.pool).then(next);
    await vi.waitFor(async () => expect(await lockWaits()).toBe(2), 20_000);
    expect(next).not.toHaveBeenCalled();
    await log.database.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    await death;
    await table.query('COMMIT');
    table.release();
    await taking;
    expect(next).toHaveBeenCalledWith(2);
    expect((await positions(begin)).map(({ message }) => message)).toEqual(['one', 'two']);
  });
});

const lockWaits = async () => {
  const { rows } = await log.database.pool.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rows[0].n;
};

describe('an event whose process died after the commit', () => {
  it('is delivered by the poll of another process, although no bell rings', async () => {
    const { feed } = await log.startProcess();
    const stream = await collect(feed);
    await commitSilently('left behind');
    await stream.has(1);
    expect(messages(stream.entries)).toEqual(['left behind']);
  });

  it('is delivered at the next commit of any process, before the event of that commit', async () => {
    const { feed, database } = await log.startProcess();
    const stream = await collect(feed);
    await commitSilently('left behind');
    await append(database, say('next'));
    await stream.has(2);
    expect(messages(stream.entries)).toEqual(['left behind', 'next']);
  });

  it('is numbered when the next process starts', async () => {
    await commitSilently('left behind by the last process');
    await log.startProcess();
    await vi.waitFor(async () => expect(await waiting()).toBe(0), 20_000);
  });
});

describe('a transaction that stays open', () => {
  it('delays no event, in another database or in the same one', async () => {
    const { feed, database } = await log.startProcess();
    const foreign = await createTestDatabase();
    const holders = await Promise.all(
      [foreign.url, database.connectionString].map(async (connectionString) => {
        const holder = new pg.Client({ connectionString });
        await holder.connect();
        await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        await holder.query('CREATE TABLE held (id int); INSERT INTO held VALUES (1)');
        return holder;
      }),
    );
    const stream = await collect(feed);
    await append(database, say('while both are open'));
    await stream.has(1);
    for (const holder of holders) await holder.end();
    await foreign.drop();
  });
});

describe('an event that has no position yet', () => {
  it('is invisible to every reader', async () => {
    const { feed } = await log.startProcess();
    const { end } = await feed.readBounds();
    const sequencer = await log.database.pool.connect();
    await sequencer.query('BEGIN');
    await sequencer.query('SELECT pg_advisory_xact_lock(4170002)');
    const stream = await collect(feed);
    await commitSilently('not yet');
    expect((await feed.readBounds()).end).toBe(end);
    expect(stream.entries).toEqual([]);
    await sequencer.query('COMMIT');
    sequencer.release();
    await stream.has(1);
    expect(stream.entries[0]?.id).toBe(end + 1n);
  });
});
