import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CursorExpired, LOG_START, type LogPosition } from '../../src/domain/events/log-position.js';
import { pruneEvents } from '../../src/services/events/prune-events.js';
import { TEST_SETTINGS } from '../support/factories/services.js';
import { collect, createLogFixture, type LogFixture, messages, type Process } from './log-fixture.js';

let log: LogFixture;
let here: Process;

const settings = TEST_SETTINGS;

beforeAll(async () => {
  log = await createLogFixture();
  here = await log.startProcess();
});

afterAll(() => log.close());

const prune = () => pruneEvents({ database: log.database, settings });

async function pruneSettled(): Promise<number> {
  await log.settled();
  return prune();
}

/** Appends an event of the given age in its own transaction, and returns its position. */
async function appendAged(message: string, days: number): Promise<LogPosition> {
  await log.database.pool.query(
    `INSERT INTO event_outbox (type, at, payload) VALUES ('task.updated', now() - $1 * interval '1 day', jsonb_build_object('message', $2::text))`,
    [days, message],
  );
  await log.settled();
  return (await here.feed.readBounds()).end;
}

const remaining = async () => {
  const { rows } = await log.database.pool.query('SELECT payload FROM events ORDER BY id');
  return messages(rows);
};

describe('pruning', () => {
  it('removes events older than the retention and refuses cursors before them with CursorExpired', async () => {
    const first = await appendAged('40 days', 40);
    const second = await appendAged('31 days', 31);
    await appendAged('29 days', 29);
    expect(await pruneSettled()).toBe(2);
    expect(await remaining()).toEqual(['29 days']);
    await expect(here.feed.subscribe({ after: first })).rejects.toThrow(CursorExpired);
    await expect(here.feed.subscribe({ after: LOG_START })).rejects.toThrow(CursorExpired);
    // A cursor at the last pruned entry misses nothing, so it is accepted.
    const stream = await collect(here.feed, { after: second });
    await stream.has(1);
    expect(messages(stream.entries)).toEqual(['29 days']);
    expect(await pruneSettled()).toBe(0);
  });

  it('leaves no gap: an old entry after a younger one stays until the younger one is pruned', async () => {
    await appendAged('50 days, but later in the log', 50);
    expect(await pruneSettled()).toBe(0);
    expect(await remaining()).toEqual(['29 days', '50 days, but later in the log']);
    await log.database.pool.query(`UPDATE events SET at = at - interval '2 days'`);
    expect(await pruneSettled()).toBe(2);
  });

  it('keeps entries that readers cannot see yet, even if they are old', async () => {
    const open = await log.database.pool.connect();
    await open.query('BEGIN');
    // While the lock of the sequencer is held, no process numbers.
    await open.query('SELECT pg_advisory_xact_lock(4170002)');
    await log.database.pool.query(
      `INSERT INTO event_outbox (type, at) VALUES ('task.updated', now() - interval '90 days')`,
    );
    expect(await prune()).toBe(0);
    await open.query('COMMIT');
    open.release();
    expect(await pruneSettled()).toBe(1);
  });

  it('prunes a large log in several transactions, in one process at a time', async () => {
    await log.database.pool.query(
      `INSERT INTO event_outbox (type, at) SELECT 'task.updated', now() - interval '40 days' FROM generate_series(1, 5000)`,
    );
    await log.settled();
    const counts = await Promise.all([prune(), prune(), prune()]);
    expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(2_000);
    await pruneSettled();
    expect(await remaining()).toEqual([]);
    const { rows } = await log.database.pool.query('SELECT position FROM event_horizon');
    expect(await here.feed.readBounds()).toEqual({ begin: rows[0].position, end: rows[0].position });
    const next = await appendAged('the first after the pruning', 0);
    expect(next).toBe(rows[0].position + 1n);
    await log.database.pool.query(`UPDATE events SET at = now() - interval '40 days'`);
    await prune();
  });

  it('ends a replay that would miss pruned entries', async () => {
    const { end } = await here.feed.readBounds();
    const stream = await here.feed.subscribe({ after: end });
    for (let i = 0; i < 1_200; i += 400)
      await log.append(...Array.from({ length: 400 }, () => ({ payload: { message: 'x' } })));
    const first = await stream.next();
    expect(first.value?.length).toBeLessThan(1_200);
    await log.settled();
    await log.database.pool.query(`UPDATE events SET at = now() - interval '40 days'`);
    await appendAged('young', 0);
    expect(await pruneSettled()).toBe(1_200);
    const drain = async () => {
      for await (const chunk of stream) expect(messages(chunk)).not.toContain('young');
    };
    await expect(drain()).rejects.toThrow(CursorExpired);
  });

  it('refuses a cursor after the end of the log, as from before a restored backup', async () => {
    await expect(here.feed.subscribe({ after: 2n ** 60n })).rejects.toThrow(CursorExpired);
  });
});

describe('a log that was restored from an older backup', () => {
  it('keeps the cursors that the backup has, and refuses those of lost events for good', async () => {
    const restored = await createLogFixture();
    const { pool } = restored.database;
    const { feed } = await restored.startProcess();
    await restored.append(...['kept 1', 'kept 2', 'lost'].map((message) => ({ payload: { message } })));
    await restored.settled();
    const lost = (await feed.readBounds()).end;
    // What a restore into another PostgreSQL looks like: the end of the log is missing, and the server is not the one that
    // assigned the positions.
    await pool.query("DELETE FROM events WHERE payload ->> 'message' = 'lost'");
    await pool.query("UPDATE event_horizon SET origin = 'another', origin_started = '2020-01-01'");
    await expect(feed.subscribe({ after: lost })).rejects.toThrow(CursorExpired);
    await restored.append({ payload: { message: 'new 1' } });
    await restored.append({ payload: { message: 'new 2' } });
    const resumed = await collect(feed, { after: lost - 1n });
    await resumed.has(2);
    expect(messages(resumed.entries)).toEqual(['new 1', 'new 2']);
    const [one, two] = resumed.entries.map(({ id }) => id);
    expect(one).toBeGreaterThan(2n ** 40n);
    expect(two).toBe(one! + 1n);
    await expect(feed.subscribe({ after: lost })).rejects.toThrow(CursorExpired);
    await restored.close();
  });
});

describe('a revoked or expired key', () => {
  const insertKey = (id: string, expiresAt: string) =>
    log.database.pool.query(
      `INSERT INTO api_keys (id, name, prefix, hash, role, expires_at) VALUES ($1, 'any', 'mc', sha256(convert_to($1, 'UTF8')), 'VIEWER', ${expiresAt})`,
      [id],
    );

  it('is noticed through the log, and otherwise through a lookup', async () => {
    await insertKey('key_a', 'NULL');
    await insertKey('key_b', 'NULL');
    await insertKey('key_c', `now() + interval '50 milliseconds'`);
    await insertKey('key_e', 'NULL');
    const ended: string[] = [];
    const watch = (id: string) =>
      new Promise<void>((resolve) => here.feed.watchKey(id, () => resolve(void ended.push(id))));
    const watched = new Map(['key_a', 'key_b', 'key_c', 'key_d', 'key_e'].map((id) => [id, watch(id)]));
    await watched.get('key_c');
    await watched.get('key_d');
    // Revoked by a statement outside the server, without an event.
    await log.database.pool.query(`UPDATE api_keys SET revoked_at = now() WHERE id = 'key_a'`);
    await watched.get('key_a');
    // Revoked only in the log: the row still says that the key is valid.
    await log.append({ type: 'key.revoked', keyId: 'key_b' });
    await watched.get('key_b');
    expect(ended.sort()).toEqual(['key_a', 'key_b', 'key_c', 'key_d']);
  });
});
