import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { untilLogIsReadable } from '../support/postgres/readable-log.js';
import { append, collect, createLogFixture, type LogFixture, messages, type Process } from './log-fixture.js';

let log: LogFixture;
let here: Process;
let there: Process;
let admin: pg.Client;
let name: string;

beforeAll(async () => {
  log = await createLogFixture();
  [here, there] = await Promise.all([log.startProcess(), log.startProcess()]);
  admin = new pg.Client({ connectionString: inject('testPostgres').adminUrl });
  await admin.connect();
  name = decodeURIComponent(new URL(log.database.connectionString).pathname.slice(1));
});

afterAll(async () => {
  await admin.end();
  await log.close();
});

const say = (message: string) => ({ payload: { message } });
const names = (process: Process) => process.signals.map((signal) => signal.name);
const count = (process: Process, signal: string) => names(process).filter((one) => one === signal).length;

async function terminate(application: string): Promise<number> {
  const { rowCount } = await admin.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE $2',
    [name, application],
  );
  return rowCount ?? 0;
}

const listeners = async () => {
  const { rows } = await admin.query(
    `SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = $1 AND application_name = 'mission-control-bell' AND query LIKE 'LISTEN%' AND state = 'idle'`,
    [name],
  );
  return rows[0].n;
};

const allListen = () => vi.waitFor(async () => expect(await listeners()).toBe(2), { timeout: 20_000 });

describe('a process that loses connections', () => {
  it('continues to deliver when the listening connection is cut, and listens again', async () => {
    const stream = await collect(here.feed);
    await allListen();
    expect(await terminate('mission-control-bell')).toBe(2);
    await append(there.database, say('while not listening'));
    await stream.has(1);
    await allListen();
    await append(there.database, say('listening again'));
    await stream.has(2);
    expect(messages(stream.entries)).toEqual(['while not listening', 'listening again']);
    expect(names(here)).toContain('bell.connection_lost');
  });

  it('continues to deliver when all connections are cut during writes', async () => {
    const stream = await collect(here.feed);
    const acknowledged: string[] = [];
    const write = async (writer: number) => {
      for (let i = 0; i < 50; i += 1) {
        await append(there.database, say(`${writer}.${i}`)).then(
          () => acknowledged.push(`${writer}.${i}`),
          () => undefined,
        );
        if (writer === 0 && i % 10 === 5) await terminate('mission-control%');
      }
    };
    await Promise.all([0, 1, 2, 3].map(write));
    // A commit whose answer was lost may have happened, so the log decides which events exist.
    const { rows } = await writtenRows();
    await stream.has(rows.length);
    expect(messages(stream.entries)).toEqual(rows.map(({ message }) => message));
    expect(rows.map(({ message }) => message)).toEqual(expect.arrayContaining(acknowledged));
  });

  it('waits for an unavailable database, reports the outage once, and its streams continue', async () => {
    // Wait until the process has recovered from the cuts of the previous tests.
    const witness = await collect(here.feed);
    await log.append(say('before the outage'));
    await witness.has(1);
    await vi.waitFor(() => expect(count(here, 'database.found')).toBe(count(here, 'database.lost')), 20_000);
    const { end } = await here.feed.readBounds();
    const stream = await collect(here.feed);
    const replay = await here.feed.subscribe({ after: end });
    const before = count(here, 'database.lost');
    await admin.query(`ALTER DATABASE ${pg.escapeIdentifier(name)} ALLOW_CONNECTIONS false`);
    await terminate('mission-control%');
    await vi.waitFor(() => expect(count(here, 'database.lost')).toBe(before + 1), { timeout: 20_000 });
    await expect(here.feed.subscribe({})).rejects.toThrow();
    const recovered = count(here, 'database.found');
    await admin.query(`ALTER DATABASE ${pg.escapeIdentifier(name)} ALLOW_CONNECTIONS true`);
    await vi.waitFor(() => expect(count(here, 'database.found')).toBe(recovered + 1), {
      timeout: 20_000,
    });
    await log.append(say('after the outage'));
    await stream.has(1);
    expect(messages(stream.entries)).toEqual(['after the outage']);
    expect(messages((await replay.next()).value ?? [])).toEqual(['after the outage']);
    expect(count(here, 'database.lost')).toBe(before + 1);
  });
});

async function writtenRows() {
  // The numbering of the last commits may have been cut off as well; the next poll would repeat it.
  await untilLogIsReadable(log.database.pool);
  return log.database.pool.query<{ message: string }>(
    `SELECT payload ->> 'message' AS message FROM events WHERE payload ->> 'message' ~ '^[0-9]' ORDER BY id`,
  );
}
