import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CursorExpired, type LogPosition } from '../../src/domain/events/log-position.js';
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
  const { rows } = await log.database.pool.query(
    `INSERT INTO events (type, at, payload) VALUES ('task.updated', now() - $1 * interval '1 day', jsonb_build_object('message', $2::text))
      RETURNING xid, id`,
    [days, message],
  );
  return rows[0];
}

const remaining = async () => {
  const { rows } = await log.database.pool.query('SELECT payload FROM events ORDER BY xid, id');
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
    await expect(here.feed.subscribe({ after: { xid: 0n, id: 0n } })).rejects.toThrow(CursorExpired);
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
    await open.query('SELECT pg_current_xact_id()');
    await appendAged('unread', 90);
    expect(await prune()).toBe(0);
    await open.query('COMMIT');
    open.release();
  });

  it('prunes a large log in several transactions, in one process at a time', async () => {
    await log.database.pool.query(
      `INSERT INTO events (type, at) SELECT 'task.updated', now() - interval '40 days' FROM generate_series(1, 5000)`,
    );
    await log.settled();
    const counts = await Promise.all([prune(), prune(), prune()]);
    expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(2_000);
    await pruneSettled();
    expect(await remaining()).toEqual([]);
    const { rows } = await log.database.pool.query('SELECT xid, event_id AS id FROM event_horizon');
    expect((await here.feed.readBounds()).begin).toEqual(rows[0]);
    expect((await here.feed.readBounds()).end).toEqual(rows[0]);
  });

  it('ends a replay that would miss pruned entries', async () => {
    const { end } = await here.feed.readBounds();
    const stream = await here.feed.subscribe({ after: end });
    for (let i = 0; i < 1_200; i += 400)
      await log.append(...Array.from({ length: 400 }, () => ({ payload: { message: 'x' } })));
    const first = await stream.next();
    expect(first.value?.length).toBeLessThan(1_200);
    await log.database.pool.query(`UPDATE events SET at = now() - interval '40 days'`);
    await appendAged('young', 0);
    expect(await pruneSettled()).toBe(1_200);
    const drain = async () => {
      for await (const chunk of stream) expect(messages(chunk)).not.toContain('young');
    };
    await expect(drain()).rejects.toThrow(CursorExpired);
  });

  it('refuses a cursor after the end of the log, as from before a restored backup', async () => {
    await expect(here.feed.subscribe({ after: { xid: 2n ** 60n, id: 1n } })).rejects.toThrow(CursorExpired);
  });
});

describe('a log that was restored into another PostgreSQL', () => {
  it('keeps its order, comes before all new events, and refuses its old cursors', async () => {
    const restored = await createLogFixture();
    const old = 2n ** 40n;
    await restored.database.pool.query(
      `INSERT INTO events (xid, type, payload) SELECT $1::bigint + i, 'task.updated', jsonb_build_object('message', 'old ' || i)
        FROM generate_series(1, 3) i`,
      [old],
    );
    const { feed, signals } = await restored.startProcess();
    expect(signals.map(({ name }) => name)).toContain('feed.log_adopted');
    const { begin, end } = await feed.readBounds();
    await restored.append({ payload: { message: 'new' } });
    const all = await collect(feed, { after: begin });
    const fresh = await collect(feed, { after: end });
    await Promise.all([all.has(4), fresh.has(1)]);
    expect(messages(all.entries)).toEqual(['old 1', 'old 2', 'old 3', 'new']);
    expect(messages(fresh.entries)).toEqual(['new']);
    await expect(feed.subscribe({ after: { xid: old + 2n, id: 3n } })).rejects.toThrow(CursorExpired);
    const second = await restored.startProcess();
    expect(second.signals.map(({ name }) => name)).not.toContain('feed.log_adopted');
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
