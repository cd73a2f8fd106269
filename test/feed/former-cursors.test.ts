import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Viewer } from '../../src/domain/actor.js';
import { formatEventId, idOfEvent } from '../../src/domain/events/event-id.js';
import { CursorExpired } from '../../src/domain/events/log-position.js';
import { createFeed } from '../../src/feed/feed.js';
import { createInstrument } from '../../src/kernel/instrument.js';
import { createDatabase, type Database } from '../../src/postgres/database.js';
import { applyMigrations } from '../../src/postgres/migrate.js';
import { findEvent, openEvents, openEventsOfTasks } from '../../src/services/events/read-events.js';
import { TEST_SETTINGS } from '../support/factories/services.js';
import { createEmptyDatabase, type TestDatabase } from '../support/postgres/database.js';
import { append, collect, messages } from './log-fixture.js';

const migrations = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));
const admin: Viewer = { keyId: 'key_1', role: 'ADMIN', agentId: null };
const page = { size: 100, backward: false, after: null, before: null };

/** A cursor of the log that was ordered by (transaction, id). */
const former = (xid: number, id: number) =>
  Buffer.from(JSON.stringify(['event', `${xid}`, `${id}`])).toString('base64url');

let test: TestDatabase;
let database: Database;
let feed: ReturnType<typeof createFeed>;

beforeAll(async () => {
  test = await createEmptyDatabase();
  await migrateUpTo('0030');
  database = createDatabase({ connectionString: test.url, instrument: createInstrument() });
  // Two events were pruned, of the ids 4 and 5. The event with the id 9 was written by the oldest transaction.
  await database.pool.query('UPDATE event_horizon SET xid = 50, event_id = 5');
  await database.pool.query(
    `INSERT INTO events (id, xid, type, task_id, payload) SELECT id, xid, 'task.updated', 'task_1', jsonb_build_object('message', 'old ' || id)
      FROM (VALUES (6, 70), (7, 60), (9, 55), (10, 80)) AS v (id, xid)`,
  );
  await database.pool.query("SELECT setval('events_id_seq', 12)");
  await applyMigrations(test.url);
  feed = createFeed({ database, instrument: createInstrument() });
  await feed.start();
  await append(database, { taskId: 'task_1', payload: { message: 'new' } });
  const { begin } = await feed.readBounds();
  await (await collect(feed, { after: begin })).has(5);
});

afterAll(async () => {
  await feed.stop();
  await database.close();
  await test.drop();
});

/** Applies the migrations before the one with this number. */
async function migrateUpTo(number: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'mission-control-migrations-'));
  for (const name of await readdir(migrations))
    if (name < number || !/^\d/.test(name))
      await cp(join(migrations, name), join(folder, name), { recursive: true });
  await applyMigrations(test.url, { folder });
  await rm(folder, { recursive: true });
}

const ALL = ['old 9', 'old 7', 'old 6', 'old 10', 'new'];

describe('a log from before positions existed', () => {
  it('keeps its order, and has dense positions before those of new events', async () => {
    const { rows } = await openEvents({ database, settings: TEST_SETTINGS }, admin, {}).slice(page);
    expect(messages(rows)).toEqual(ALL);
    expect(rows.map(({ id }) => id)).toEqual([13n, 14n, 15n, 16n, 17n]);
  });

  it('keeps the public ids of its events, and new events get none of them', async () => {
    const context = { database, settings: TEST_SETTINGS };
    const { rows } = await openEvents(context, admin, {}).slice(page);
    expect(rows.map(idOfEvent)).toEqual([9n, 7n, 6n, 10n, 17n].map(formatEventId));
    for (const row of rows) expect(await findEvent(context, admin, row.formerId ?? row.id)).toEqual(row);
    for (const number of [5n, 8n, 11n, 13n, 16n]) expect(await findEvent(context, admin, number)).toBeNull();
  });

  it.each([
    ['the last pruned event', former(50, 5), ALL],
    ['the oldest event', former(55, 9), ALL.slice(1)],
    ['an event in the middle', former(70, 6), ALL.slice(3)],
    ['the newest event', former(80, 10), ['new']],
  ])('resumes streams and lists after the cursor of %s', async (_, cursor, rest) => {
    const stream = await collect(feed, { after: await feed.locate(cursor) });
    await stream.has(rest.length);
    expect(messages(stream.entries)).toEqual(rest);
    const context = { database, settings: TEST_SETTINGS };
    const list = openEvents(context, admin, {});
    expect(messages((await list.slice({ ...page, after: cursor })).rows)).toEqual(rest);
    const until = await list.slice({ ...page, before: cursor });
    expect(messages(until.rows)).toEqual(ALL.slice(0, Math.max(0, ALL.length - rest.length - 1)));
    expect(await list.hasRowsBeyond({ side: 'tail', cursor })).toBe(true);
    const ofTask = await openEventsOfTasks(context).slices(['task_1'], { ...page, after: cursor });
    expect(messages(ofTask.get('task_1')?.rows ?? [])).toEqual(rest);
  });

  it('refuses the cursor of an event that was pruned or is not in this log', async () => {
    for (const cursor of [former(40, 4), former(90, 99), former(0, 0)]) {
      await expect(feed.locate(cursor)).rejects.toThrow(CursorExpired);
      const list = openEvents({ database, settings: TEST_SETTINGS }, admin, {});
      await expect(list.slice({ ...page, after: cursor })).rejects.toThrow(CursorExpired);
    }
  });
});
