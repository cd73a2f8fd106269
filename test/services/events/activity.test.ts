import { expect, it } from 'vitest';
import { medianOf } from '../../../src/domain/agents/stats.js';
import { numberEvents } from '../../../src/postgres/number-events.js';
import { readAgentStats, readReviewerStats } from '../../../src/services/agents/read-agents.js';
import { checkActivity, countAllEvents } from '../../../src/services/events/count-activity.js';
import { openOverview } from '../../../src/services/ops/read-overview.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { countActivity } from '../../../src/store/activity/count-activity.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { anAgent, aTaskIn } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { type TwoProcesses, useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TwoProcesses['other'];
let ann: AgentRow;
let bob: AgentRow;
let judge: AgentRow;

const HOUR_MS = 3_600_000;
const WINDOW_MS = 90 * HOUR_MS;
/** Every table and column with a time from which statistics are read. */
const TIMES: Readonly<Record<string, readonly string[]>> = {
  tasks: ['created_at', 'completed_at', 'updated_at', 'status_at'],
  task_runs: ['started_at', 'finished_at'],
  quality_reviews: ['created_at'],
  events: ['at'],
};
const COUNTS = ['task_activity', 'agent_hours', 'agent_days', 'time_hours'] as const;

useTwoProcesses(
  async (processes) => {
    ({ services, other } = processes);
    ann = await anAgent(services);
    bob = await anAgent(services);
    judge = await anAgent(services, { role: 'reviewer' });
    // Three days of work: each round is older by some hours than the next one.
    for (let round = 0; round < 5; round += 1) {
      for (const agent of [ann, bob]) {
        for (const status of ['DONE', 'FAILED', 'CANCELLED', 'INBOX'] as const)
          await aTaskIn(services, status, agent);
        const { id } = await aTaskIn(services, 'REVIEW', agent);
        const verdict = { task: { id }, verdict: 'REJECTED', feedback: 'No.' } as const;
        await submitVerdict(services, services.admin, { ...verdict, reviewer: { id: judge.id } });
        // Not the next task of the agent.
        await services.sql("UPDATE tasks SET priority = 'LOW' WHERE id = $1", [id]);
      }
      await numberAll();
      await services.sql(
        "UPDATE task_runs SET started_at = finished_at - interval '1 hour' WHERE started_at > now() - interval '1 minute'",
      );
      await age('15 hours 17 minutes');
    }
    await aTaskIn(services, 'DONE', ann);
    await numberAll();
    await services.sql(
      "UPDATE activity_state SET counted_from = '2000-01-01', checked_until = now() - interval '10 days'",
    );
  },
  { keepTasks: true },
);

async function numberAll(): Promise<void> {
  while ((await numberEvents(services.database.pool)) > 0);
}

async function age(by: string): Promise<void> {
  for (const [table, columns] of Object.entries(TIMES))
    await services.sql(
      `UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} - interval '${by}'`).join(', ')}`,
    );
}

async function readStatistics() {
  const stats = await readAgentStats(services, [ann.id, bob.id], WINDOW_MS);
  const points = await openOverview(services).throughput(WINDOW_MS, 9);
  const reviews = [...(await readReviewerStats(services, [judge.id, ann.id], WINDOW_MS)).values()];
  const times = await openOverview(services).attemptTimes(WINDOW_MS, 9);
  return {
    reviews,
    times,
    stats: [...stats.values()],
    points: points.map(({ at: _at, ...counts }) => counts),
  };
}

async function readCounts(): Promise<Record<string, unknown[]>> {
  const tables = COUNTS.map(async (table) => [
    table,
    await services.sql(`SELECT * FROM ${table} ORDER BY 1, 2, 3, 4`),
  ]);
  return Object.fromEntries(await Promise.all(tables));
}

async function startAgain(): Promise<void> {
  for (const table of COUNTS) await services.sql(`DELETE FROM ${table}`);
  await services.sql("UPDATE activity_state SET position = 0, counted_until = '2000-01-01'");
}

/** What the tables must hold, counted from the rows and not from the log. */
async function countRows() {
  const tasks =
    await services.sql(`SELECT sum(created)::int AS created, sum(completed)::int AS completed, sum(failed)::int AS failed, sum(rejected)::int AS rejected FROM (
      SELECT 1 AS created, (status = 'DONE')::int AS completed, (status = 'FAILED')::int AS failed, 0 AS rejected FROM tasks
      UNION ALL SELECT 0, 0, 0, 1 FROM quality_reviews WHERE verdict = 'REJECTED' AND NOT superseded) t`);
  const agents = await services.sql(`SELECT agent_id, kind, count(*)::int AS count FROM (
      SELECT agent_id, CASE outcome WHEN 'SUCCEEDED' THEN 'COMPLETED' ELSE 'FAILED' END AS kind FROM task_runs WHERE outcome IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT')
      UNION ALL SELECT r.agent_id, q.verdict::text FROM quality_reviews q JOIN task_runs r ON r.id = q.run_id WHERE NOT superseded
      UNION ALL SELECT reviewer_agent_id, 'REVIEW_' || verdict FROM quality_reviews WHERE NOT superseded AND reviewer_agent_id IS NOT NULL) a
    GROUP BY 1, 2 ORDER BY 1, 2`);
  return { tasks, agents, days: agents };
}

async function sumCounts() {
  const tasks = await services.sql(
    'SELECT sum(created)::int AS created, sum(completed)::int AS completed, sum(failed)::int AS failed, sum(rejected)::int AS rejected FROM task_activity',
  );
  const sum = (table: string) =>
    services.sql(
      `SELECT agent_id, kind::text AS kind, sum(count)::int AS count FROM ${table} GROUP BY 1, 2 ORDER BY 1, 2`,
    );
  return { tasks, agents: await sum('agent_hours'), days: await sum('agent_days') };
}

it('the statistics are the same from rows as from counts, except for a median within its bucket', async () => {
  await startAgain();
  const fromRows = await readStatistics();
  expect(fromRows.stats).toMatchObject([
    { completed: 11, failed: 5, rejected: 5 },
    { completed: 10, failed: 5, rejected: 5 },
  ]);
  await countAllEvents(services);
  const fromCounts = await readStatistics();
  for (const [place, { medianDurationMs, ...stats }] of fromCounts.stats.entries()) {
    expect(fromRows.stats[place]).toMatchObject(stats);
    expect(
      Math.abs((medianDurationMs ?? 0) / (fromRows.stats[place]?.medianDurationMs ?? 1) - 1),
    ).toBeLessThan(0.09);
  }
  expect(fromCounts.points).toEqual(fromRows.points);
  expect(fromRows.reviews).toMatchObject([{ reviews: 10, approved: 0, rejected: 10 }, { reviews: 0 }]);
  expect(fromCounts.reviews).toEqual(fromRows.reviews);
  expect(fromCounts.times).toEqual(fromRows.times);
  const [waits, runs] = (['waits', 'runs'] as const).map((kind) =>
    fromRows.times.reduce((sum, point) => sum + point[kind].count, 0),
  );
  const [{ first, succeeded } = {}] = await services.sql(
    "SELECT count(*) FILTER (WHERE number = 1)::int AS first, count(*) FILTER (WHERE outcome = 'SUCCEEDED')::int AS succeeded FROM task_runs",
  );
  expect([waits, runs]).toEqual([first, succeeded]);
  // An attempt took an hour, and the last one a moment.
  const longest = Math.max(...fromRows.times.map(({ runs: { p95Ms } }) => p95Ms ?? 0));
  expect(Math.abs(longest / HOUR_MS - 1)).toBeLessThan(0.09);

  // The counts are read, and not the rows: without them nothing is left but the borders of the window and the last minutes.
  await services.sql('DELETE FROM task_activity');
  const [{ created } = { created: 0 }] = (await readStatistics()).points.slice(-4);
  expect(created).toBeLessThan(fromRows.points.at(-4)?.created ?? 0);
});

it('two processes that count small batches at once count each event once', async () => {
  await startAgain();
  const count = async ({ database }: TestServices) => {
    let counted = 0;
    for (let idle = 0; idle < 20; ) {
      const step = await countActivity(database.pool, 7);
      counted += step.counted;
      idle = step.counted === 0 ? idle + 1 : 0;
    }
    return counted;
  };
  const [first, second] = await Promise.all([count(services), count(other)]);
  const [log] = await services.sql<{ events: number }>('SELECT count(*)::int AS events FROM events');
  expect(first + second).toBe(log?.events);
  expect(await sumCounts()).toEqual(await countRows());
});

it('a process that is killed while it counts leaves nothing behind, and holds up no other', async () => {
  await startAgain();
  const killed = await services.database.pool.connect();
  await killed.query('BEGIN');
  expect(await countActivity(killed, 50)).toEqual({ counted: 50, hasMore: true });
  expect(await countActivity(other.database.pool, 50)).toEqual({ counted: 0, hasMore: false });
  await killed.query('ROLLBACK');
  killed.release();
  await countAllEvents(other);
  expect(await sumCounts()).toEqual(await countRows());
});

it('an event that comes late is counted at its time', async () => {
  await startAgain();
  await countAllEvents(services);
  const before = await readCounts();
  await services.sql(
    "INSERT INTO event_outbox (type, at, payload) VALUES ('task.created', now() - interval '40 hours', '{\"to\": \"INBOX\"}')",
  );
  await numberAll();
  await countAllEvents(services);
  const [late] = await services.sql<{ created: number }>(
    "SELECT created FROM task_activity WHERE slot = date_bin('5 minutes', now() - interval '40 hours', 'epoch')",
  );
  expect(late?.created).toBeGreaterThanOrEqual(1);
  expect((await sumCounts()).agents).toEqual((await countRows()).agents);
  await services.sql("DELETE FROM events WHERE type = 'task.created' AND task_id IS NULL");
  await startAgain();
  await countAllEvents(services);
  expect(await readCounts()).toEqual(before);
});

it('the check of a day after the other corrects counts that are wrong, missing or invented', async () => {
  // The first day of a log is not complete, so it is not checked.
  await services.sql(
    "INSERT INTO events (id, type, at) VALUES (0, 'scheduler.paused', now() - interval '6 days')",
  );
  await startAgain();
  await countAllEvents(services);
  const right = await readCounts();
  const old = "now() - interval '50 hours'";
  await services.sql(`UPDATE task_activity SET created = created + 5 WHERE slot < ${old}`);
  await services.sql(`DELETE FROM agent_days WHERE kind = 'FAILED' AND day < ${old}`);
  await services.sql(
    `INSERT INTO agent_hours (agent_id, hour, kind, bucket, count) VALUES ('agt_unknown', date_trunc('hour', ${old}), 'COMPLETED', 3, 9)`,
  );
  let corrected = 0;
  for (let day = 0; day < 7; day += 1) corrected += await checkActivity(services);
  expect(corrected).toBeGreaterThan(3);
  expect(await readCounts()).toEqual(right);
  expect(await checkActivity(services)).toBe(0);
});

it('the median of counted durations lies in the bucket of the middle one', () => {
  expect(medianOf([])).toBeNull();
  expect(medianOf([{ bucket: 80, count: 1 }])).toBeCloseTo(1_069, 0);
  const far = [
    { bucket: 160, count: 3 },
    { bucket: 8, count: 4 },
  ];
  expect(medianOf(far)).toBeGreaterThan(2);
  expect(medianOf(far)).toBeLessThan(2.2);
});
