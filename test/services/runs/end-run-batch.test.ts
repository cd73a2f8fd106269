import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { Refusal } from '../../../src/domain/refusals.js';
import { isOutage } from '../../../src/postgres/outage.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import type { Batches } from '../../../src/services/service-context.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { clearTasks } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import { openTestServices, type TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';
import { snapshotOf } from '../../support/postgres/snapshot.js';

let services: TestServices;

useServices((made) => {
  services = made;
});

/** The services of a process that serves each call in a transaction of its own. */
const alone = (): TestServices => ({
  ...services,
  batches: { ...services.batches, runEnds: { ...services.batches.runEnds, ask: async () => null } },
});

const usage = { inputTokens: 3, outputTokens: 4 };
const ENDINGS = {
  complete: (by: TestServices, viewer: Viewer, runId: string) =>
    completeTask(by, viewer, { runId, resolution: 'done' }),
  'complete with its usage': (by: TestServices, viewer: Viewer, runId: string) =>
    completeTask(by, viewer, {
      runId,
      resolution: 'done',
      usage: { ...usage, costUsd: 0.5, model: 'haiku' },
    }),
  'complete with a key': (by: TestServices, viewer: Viewer, runId: string) =>
    completeTask(by, viewer, { runId, resolution: 'done', usage, idempotencyKey: runId }),
  fail: (by: TestServices, viewer: Viewer, runId: string) => failTask(by, viewer, { runId, error: 'broken' }),
  'fail for good': (by: TestServices, viewer: Viewer, runId: string) =>
    failTask(by, viewer, { runId, error: 'broken', retry: false }),
  release: (by: TestServices, viewer: Viewer, runId: string) => releaseTask(by, viewer, { runId }),
  'release with a reason': (by: TestServices, viewer: Viewer, runId: string) =>
    releaseTask(by, viewer, { runId, reason: 'lunch' }),
  pass: (by: TestServices, viewer: Viewer, runId: string) => releaseTask(by, viewer, { runId, pass: true }),
};

const scene = fc.record({
  ending: fc.constantFrom(...(Object.keys(ENDINGS) as (keyof typeof ENDINGS)[])),
  byAgent: fc.boolean(),
  task: fc.record({
    review_policy: fc.constantFrom('REQUIRED', 'SKIP'),
    pinned: fc.boolean(),
    dispatch_attempts: fc.constantFrom(0, 1, 4, 5),
    released_by: fc.constantFrom('{}', '{agt_0,agt_Z,agt_z}'),
    starts_at: fc.constantFrom(null, '2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z'),
  }),
  agent: fc.record({
    paused_at: fc.constantFrom(null, null, '2000-01-01T00:00:00Z'),
    error_at: fc.constantFrom(null, null, '2000-01-01T00:00:00Z'),
    last_seen_at: fc.constantFrom('2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z'),
    announced_status: fc.constantFrom('BUSY', 'IDLE', 'OFFLINE'),
  }),
  holdsAnother: fc.boolean(),
  hasDependent: fc.boolean(),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

const assignments = (row: object) => Object.keys(row).map((name, i) => `${name} = $${i + 2}`);

/** A claimed task as the scene describes it. */
async function prepare({ task: ofTask, agent: ofAgent, byAgent, holdsAnother, hasDependent }: Scene) {
  const agent = await anAgent(services);
  if (holdsAnother) await aClaimedTask(services, agent);
  const { task, runId } = await aClaimedTask(services, agent);
  if (hasDependent) await aTask(services, { dependsOn: [{ id: task.id }], onDependencyFailure: 'CANCEL' });
  const set = (table: string, id: string, row: object) =>
    services.sql(`UPDATE ${table} SET ${assignments(row)} WHERE id = $1`, [id, ...Object.values(row)]);
  await set('tasks', task.id, ofTask);
  await set('agents', agent.id, ofAgent);
  const viewer = byAgent ? await aKeyOf(services, agent) : services.admin;
  return { agentId: agent.id, taskId: task.id, runId, viewer };
}

/** A time of the test, and none of the scene. */
const NOW = /^(?!2000|2100)\d{4}-\d\d-\d\dT/;

/** What an ending has done: rows and events, without what differs between two tasks. */
async function readOutcome({ agentId, taskId, runId, viewer }: Awaited<ReturnType<typeof prepare>>) {
  const [row] = await services.sql(
    `SELECT to_jsonb(t) AS task, (SELECT to_jsonb(r) FROM task_runs r WHERE r.id = $2) AS run, (SELECT to_jsonb(a) FROM agents a WHERE a.id = $3) AS agent,
      (SELECT jsonb_agg(to_jsonb(c)) FROM comments c WHERE c.task_id = $1) AS comments,
      (SELECT jsonb_agg(to_jsonb(k)) FROM idempotency_keys k WHERE k.subject_id = $2) AS keys,
      (SELECT jsonb_agg(to_jsonb(d) ORDER BY d.number) FROM tasks d JOIN task_dependencies w ON w.task_id = d.id AND w.depends_on_id = $1) AS dependents,
      (SELECT jsonb_agg(l.event ORDER BY l.place, l.id) FROM (
        SELECT 1 AS place, id, task_id, agent_id, to_jsonb(e) - 'former_id' AS event FROM events e UNION ALL
        SELECT 2, id, task_id, agent_id, to_jsonb(o) FROM event_outbox o) l WHERE l.task_id = $1 OR l.agent_id = $3) AS events
    FROM tasks t WHERE t.id = $1`,
    [taskId, runId, agentId],
  );
  const events = (row?.events ?? []) as Record<string, unknown>[];
  const begin =
    events.findLastIndex(({ type }) => type === 'run.started' || type === 'task.dependency_added') + 1;
  const names = new Map([
    [taskId, 'the task'],
    [runId, 'the run'],
    [agentId, 'the agent'],
    [viewer.keyId, 'the key'],
  ]);
  const normal = JSON.parse(
    JSON.stringify({ ...row, events: events.slice(begin) }),
    (name, value: unknown) => {
      if (
        ['number', 'id', 'title', 'name', 'fingerprint', 'comment_id', 'place'].includes(name) &&
        value !== null
      )
        return `a ${name}`;
      if (typeof value !== 'string') return value;
      return NOW.test(value) ? 'a time' : (names.get(value) ?? value);
    },
  );
  return normal;
}

/** What this process has reported of the events of a task, for its metrics and traces. */
function reportedOf(taskId: string, since: number): unknown[] {
  const lists = services.signals.slice(since).flatMap(({ facts }) => facts.events ?? []);
  const events = lists as { type: string; taskId?: string; since?: Date; agentId?: string | null }[];
  return events
    .filter((event) => event.taskId === taskId)
    .map(({ type, since: begun }) => [type, begun !== undefined]);
}

/** The services, and for each run that was to end in a batch whether it did. */
function watchEnds() {
  const served: boolean[] = [];
  const ask: Batches['runEnds']['ask'] = async (call) => {
    const ended = await services.batches.runEnds.ask(call);
    served.push(ended !== null);
    return ended;
  };
  const runEnds = { ...services.batches.runEnds, ask };
  const watched: TestServices = { ...services, batches: { ...services.batches, runEnds } };
  return { watched, served };
}

const ENDS = new Set(['DONE', 'FAILED', 'CANCELLED']);

describe('a run that ends in a batch', () => {
  it('ends with the same rows and the same events as in a transaction of its own', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (wanted) => {
        await clearTasks(services);
        const [one, two] = [await prepare(wanted), await prepare(wanted)];
        const { watched, served } = watchEnds();
        const before = services.signals.length;
        const ended = await ENDINGS[wanted.ending](watched, one.viewer, one.runId);
        const expected = await ENDINGS[wanted.ending](alone(), two.viewer, two.runId);
        expect(served).toEqual([!(wanted.hasDependent && ENDS.has(expected.status))]);
        expect(Object.keys(ended).sort()).toEqual(Object.keys(expected).sort());
        const [reported, inOwnTransaction] = [one, two].map(({ taskId }) => reportedOf(taskId, before));
        expect(reported).toEqual(inOwnTransaction);
        expect(await readOutcome(one)).toEqual(await readOutcome(two));
      }),
      { numRuns: 25 },
    );
  });
});

describe('a batch of calls that end runs', () => {
  const done = (runId: string, more: object = {}, viewer = services.admin, by = services) =>
    completeTask(by, viewer, { runId, resolution: 'done', ...more });

  /** Two calls that go first, alone. All that are made together with them are served by one statement after them. */
  async function firstTwo() {
    const agent = await anAgent(services);
    const [one, two] = [await aClaimedTask(services, agent), await aClaimedTask(services, agent)];
    return () => [done(one.runId), done(two.runId)];
  }

  const outcomesOf = (calls: readonly Promise<unknown>[]) =>
    Promise.all(calls.map((call) => call.then(() => 'ok').catch(nameOf)));
  const nameOf = (error: unknown) =>
    error instanceof Refusal ? error.code : isOutage(error) ? 'outage' : String(error).split(':')[0];

  async function claimed(count: number) {
    const agent = await anAgent(services);
    const made: Awaited<ReturnType<typeof aClaimedTask>>[] = [];
    for (let i = 0; i < count; i += 1) made.push(await aClaimedTask(services, agent));
    return made;
  }

  it('answers each on its own: refused, repeated, without its lease, of another agent', async () => {
    const [agent, stranger] = [await anAgent(services), await anAgent(services)];
    const [key, strange] = [await aKeyOf(services, agent), await aKeyOf(services, stranger)];
    const first = await firstTwo();
    const [completed, failed, released, lost, repeated, keyed] = await Promise.all(
      Array.from({ length: 6 }, () => anAgent(services).then((each) => aClaimedTask(services, each))),
    ).then((all) => all.map(({ task, runId }) => ({ id: task.id, runId })));
    const own = await aClaimedTask(services, agent);
    await cancelTask(services, services.admin, { task: { id: lost?.id } });
    const answered = await done(repeated?.runId ?? '');
    await done(keyed?.runId ?? '', { idempotencyKey: 'k' });
    const before = await snapshotOf(services, own.task.id);
    const { watched, served } = watchEnds();
    const begun = first();
    const by = watched;
    const calls = [
      done(completed?.runId ?? '', { idempotencyKey: 'new' }, services.admin, by),
      failTask(by, services.admin, { runId: failed?.runId, error: 'broken' }),
      releaseTask(by, services.admin, { runId: released?.runId ?? '' }),
      done(lost?.runId ?? '', {}, services.admin, by),
      done(repeated?.runId ?? '', {}, services.admin, by),
      done(own.runId, { idempotencyKey: 'k' }, services.admin, by),
      done(own.runId, {}, strange, by),
      done('run_0', {}, key, by),
    ];
    expect(await outcomesOf(calls)).toEqual([
      ...['ok', 'ok', 'ok', 'LEASE_LOST', 'ok', 'IDEMPOTENCY_KEY_REUSED', 'NOT_FOUND', 'NOT_FOUND'],
    ]);
    expect(served).toEqual([true, true, true, false, false, false, false, false]);
    expect(await calls[4]).toEqual(answered);
    expect(await snapshotOf(services, own.task.id)).toEqual(before);
    const rows = await services.sql('SELECT DISTINCT xmin::text FROM tasks WHERE id = ANY($1)', [
      [completed?.id, failed?.id, released?.id],
    ]);
    expect(rows).toHaveLength(1);
    await Promise.all(begun);
  });

  it('answers the second of two equal calls as the first, without ending anything twice', async () => {
    const [one] = await claimed(1);
    const runId = one?.runId ?? '';
    const answers = await Promise.all([done(runId), done(runId), done(runId)]);
    expect(new Set(answers.map(({ version }) => version)).size).toBe(1);
    const events = await readTypes(one?.task.id ?? '');
    expect(events.filter((type) => type === 'task.completed')).toHaveLength(1);
  });

  it('does not wait for a task that another transaction has locked, and ends its run later', async () => {
    const first = await firstTwo();
    const [stuck, free] = await claimed(2);
    const other = await openTestServices(services.database.connectionString);
    onTestFinished(() => other.close());
    const lock = await holdLocks(other, 'SELECT FROM tasks WHERE id = $1 FOR UPDATE', [stuck?.task.id]);
    const begun = first();
    const late = done(stuck?.runId ?? '');
    expect((await done(free?.runId ?? '')).status).toBe('REVIEW');
    await lock.release();
    expect((await late).status).toBe('REVIEW');
    await Promise.all(begun);
  });

  it('serves each call by itself if the statement fails, so that only the one at fault fails', async () => {
    const first = await firstTwo();
    const [bad, good] = await claimed(2);
    await services.sql(
      `CREATE FUNCTION refuse_bad() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`,
    );
    await services.sql(`CREATE TRIGGER refuse_bad BEFORE UPDATE ON tasks FOR EACH ROW
      WHEN (OLD.id = '${bad?.task.id}') EXECUTE FUNCTION refuse_bad()`);
    onTestFinished(async () => void (await services.sql('DROP FUNCTION refuse_bad CASCADE')));
    const calls = [...first(), done(bad?.runId ?? ''), done(good?.runId ?? '')];
    expect(await outcomesOf(calls)).toEqual(['ok', 'ok', 'error', 'ok']);
    expect(services.signals.filter(({ name }) => name === 'batch.failed')).toHaveLength(1);
    expect(await readTypes(bad?.task.id ?? '')).not.toContain('task.completed');
  });

  it('is refused as an outage and has changed nothing if its connection breaks', async () => {
    const [one, two] = await claimed(2);
    await services.sql(
      `CREATE FUNCTION wait_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$`,
    );
    await services.sql(
      `CREATE TRIGGER wait_long BEFORE UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION wait_long()`,
    );
    const calls = outcomesOf([done(one?.runId ?? ''), done(two?.runId ?? '')]);
    await vi.waitFor(async () => {
      const ended = await services.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'`);
      expect(ended).toHaveLength(1);
    }, 20_000);
    expect(await calls).toEqual(['outage', 'outage']);
    await services.sql('DROP FUNCTION wait_long CASCADE');
    expect((await done(one?.runId ?? '')).status).toBe('REVIEW');
    expect((await done(two?.runId ?? '')).status).toBe('REVIEW');
  });
});

async function readTypes(taskId: string): Promise<string[]> {
  const rows = await services.sql<{ type: string }>(
    'SELECT type FROM events WHERE task_id = $1 UNION ALL SELECT type FROM event_outbox WHERE task_id = $1',
    [taskId],
  );
  return rows.map(({ type }) => type);
}
