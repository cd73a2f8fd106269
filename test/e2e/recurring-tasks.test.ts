import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listLatestDueTimes, openRecurrence } from '../../src/domain/schedule/recurrence.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { sqlOf } from '../support/postgres/sql.js';
import { createClient } from '../support/servers/client.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';

const HOUR = 3_600_000;

let database: TestDatabase;
let pool: pg.Pool;
let sql: ReturnType<typeof sqlOf>;
let servers: ServerProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
  sql = sqlOf(pool);
  servers = await startServers(3);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await pool.end();
  await database.drop();
});

/** The jobs run every 100 ms, because a due time that a test changes by SQL wakes no job. */
function startServers(count: number): Promise<ServerProcess[]> {
  const options = { databaseUrl: database.url, env: { MC_JOB_INTERVAL: '100ms' } };
  return Promise.all(Array.from({ length: count }, () => startServer(options)));
}

async function create(input: object): Promise<string> {
  const { createRecurringTask } = await createClient(servers[0] as ServerProcess).ask<{
    createRecurringTask: { recurringTask: { id: string } };
  }>(
    `mutation ($input: CreateRecurringTaskInput!) { createRecurringTask(input: $input) { recurringTask { id } errors { code message } } }`,
    { input: { template: { title: 'Report' }, ...input } },
  );
  return createRecurringTask.recurringTask.id;
}

const wasDueAt = (ids: readonly string[], at: number) =>
  sql('UPDATE recurring_tasks SET next_due_at = $2 WHERE id = ANY($1)', [ids, new Date(at)]);

const dueTimesOf = async (id: string) =>
  (
    await sql<{ at: Date }>(
      'SELECT scheduled_for AS at FROM tasks WHERE recurring_task_id = $1 ORDER BY scheduled_for',
      [id],
    )
  ).map(({ at }) => at.getTime());

/** The full minute half an hour ago, and the hourly schedule with that minute. */
async function halfAnHourAgo() {
  const [row] = await sql<{ at: Date }>(`SELECT date_trunc('minute', now()) - interval '30 minutes' AS at`);
  const at = row?.at.getTime() ?? 0;
  return { at, schedule: `${new Date(at).getUTCMinutes()} * * * *` };
}

describe('three server processes', () => {
  it('create a weekday report once at nine o’clock, for its agent to claim', async () => {
    const [client] = servers.map((server) => createClient(server));
    await client!.ask(`mutation { registerAgent(input: { name: "iris" }) { errors { message } } }`);
    const id = await create({
      name: 'daily-standup-report',
      schedule: 'every weekday at 9am',
      timeZone: 'Europe/Berlin',
      catchUp: 'LATEST',
      template: { title: 'Generate daily standup report', assignee: { name: 'iris' } },
    });
    const next = openRecurrence({ cron: '0 9 * * 1-5', timeZone: 'Europe/Berlin' });
    const now = Date.now();
    const [nine = 0] = listLatestDueTimes(next, { afterMs: now - 7 * 24 * HOUR, upToMs: now, count: 1 });
    // The clock of the database can't be set, so the last nine o'clock becomes the next due time.
    await wasDueAt([id], nine);
    const { claimNextTask } = await client!.ask<{ claimNextTask: { task: { title: string } | null } }>(
      `mutation { claimNextTask(input: { agent: { name: "iris" }, waitSeconds: 60 }) { task { title } errors { message } } }`,
    );
    const date = new Date(nine).toLocaleDateString('en-US', {
      month: 'short',
      day: 'numeric',
      timeZone: 'Europe/Berlin',
    });
    expect(claimNextTask.task).toEqual({ title: `Generate daily standup report - ${date}` });
    expect(await dueTimesOf(id)).toEqual([nine]);
  });

  it('create one task per due time although one of them is killed and the clock jumps', async () => {
    const { at, schedule } = await halfAnHourAgo();
    const names = Array.from({ length: 20 }, (_, index) => `busy ${index}`);
    const ids: string[] = [];
    for (const name of names) ids.push(await create({ name, schedule, catchUp: 'ALL' }));
    const countOf = async () => {
      const [row] = await sql<{ count: number }>(
        'SELECT count(*)::int FROM tasks WHERE recurring_task_id = ANY($1)',
        [ids],
      );
      return row?.count ?? 0;
    };
    await wasDueAt(ids, at - 29 * HOUR);
    await vi.waitFor(async () => expect(await countOf()).toBeGreaterThan(0), {
      timeout: 20_000,
      interval: 1,
    });
    await (servers.pop() as ServerProcess).kill();
    await wasDueAt(ids, at - 10 * HOUR);
    await vi.waitFor(
      async () => {
        const due = await sql('SELECT FROM recurring_tasks WHERE id = ANY($1) AND next_due_at <= now()', [
          ids,
        ]);
        expect(due).toEqual([]);
      },
      { timeout: 40_000, interval: 50 },
    );
    const latest = Array.from({ length: 11 }, (_, index) => at - (10 - index) * HOUR);
    const all = Array.from({ length: 30 }, (_, index) => at - (29 - index) * HOUR);
    for (const id of ids) {
      const times = await dueTimesOf(id);
      // If the second jump came before the first was processed, only the later due times exist.
      expect([latest, all]).toContainEqual(times);
      const fired = await sql(
        `SELECT FROM events WHERE recurring_task_id = $1 AND type = 'recurring.fired'`,
        [id],
      );
      expect(fired).toHaveLength(times.length);
    }
  });
});

describe('a server that was down over three due times', () => {
  it('follows SKIP, LATEST and ALL after its restart', async () => {
    const { at, schedule } = await halfAnHourAgo();
    const policies = ['SKIP', 'LATEST', 'ALL'] as const;
    const ids: string[] = [];
    for (const catchUp of policies) ids.push(await create({ name: `down ${catchUp}`, schedule, catchUp }));
    const rare = await create({ name: 'down long', schedule: '0 0 1 1 *' });
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await wasDueAt(ids, at - 2 * HOUR);
    await wasDueAt([rare], Date.UTC(new Date(at).getUTCFullYear(), 0, 1));
    servers = await startServers(1);
    const all = [at - 2 * HOUR, at - HOUR, at];
    await vi.waitFor(async () => expect(await Promise.all(ids.map(dueTimesOf))).toEqual([[at], [at], all]), {
      timeout: 20_000,
      interval: 50,
    });
    await vi.waitFor(async () => {
      const { recurringTask } = await createClient(servers[0] as ServerProcess).ask<{
        recurringTask: { fireCount: number; lastSkipReason: string };
      }>(`query ($id: ID!) { recurringTask(id: $id) { fireCount lastSkipReason } }`, { id: rare });
      expect(recurringTask).toEqual({
        fireCount: 0,
        lastSkipReason: expect.stringContaining('The due time was missed by'),
      });
    }, 20_000);
  });
});
