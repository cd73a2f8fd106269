import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Evidence, readEvidence } from '../../torture/judge/evidence.js';
import { judge, RULES } from '../../torture/judge/judge.js';
import { makePlan } from '../../torture/plan/make-plan.js';
import type { SeenEvent } from '../../torture/record.js';
import { report } from '../../torture/report.js';
import { type OpenRun, torture } from '../../torture/torture.js';

/** The same plan each time. `npm run torture` tries others, and for longer. */
const plan = makePlan({ seed: 1, processes: 3, seconds: 60, load: 'light' });

let folder: string;
let run: OpenRun;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mission-control-torture-'));
  await chmod(folder, 0o711);
  run = await torture(folder, plan, () => undefined);
}, 600_000);

afterAll(async () => {
  await run?.world.close();
  await rm(folder, { recursive: true, force: true });
});

/** The rules that the evidence breaks, with what was found. */
const brokenBy = (evidence: Evidence) =>
  Object.fromEntries(
    judge(evidence)
      .filter(({ violations }) => violations.length > 0)
      .map(({ rule, violations }) => [rule.name, violations.slice(0, 5)]),
  );

/** What the judge sees when a statement has changed a row. The statement is rolled back. */
async function falsify(rule: string, sql: string): Promise<Evidence> {
  const client = await run.world.pool.connect();
  try {
    await client.query('BEGIN');
    // No trigger and no foreign key keeps the row from being wrong.
    await client.query('SET LOCAL session_replication_role = replica');
    const { rowCount } = await client.query(sql);
    expect([rule, rowCount]).toEqual([rule, 1]);
    return await readEvidence(client, run.evidence);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const oneOf = (table: string, where: string, order = 'id') =>
  `id = (SELECT id FROM ${table} WHERE ${where} ORDER BY ${order} LIMIT 1)`;

/** For each rule a statement that breaks it. */
const LIES: Readonly<Record<string, string>> = {
  positions: `INSERT INTO event_outbox (type) VALUES ('scheduler.paused')`,
  'task-folds': `UPDATE tasks SET assignee_id = (SELECT max(id) FROM agents WHERE id <> assignee_id)
    WHERE ${oneOf('tasks', `status = 'DONE'`)}`,
  'agent-folds': `UPDATE agents SET announced_status = 'ERROR' WHERE name = 'pull-1'`,
  'pipeline-folds': `UPDATE pipeline_runs SET status = 'FAILED' WHERE ${oneOf('pipeline_runs', `status <> 'FAILED'`)}`,
  'live-runs': `UPDATE events SET type = 'run.started', run_id = 'run_other' WHERE ${oneOf('events', `type = 'task.claimed'`)}`,
  capacity: `UPDATE events SET type = 'run.started', run_id = 'run_other', task_id = NULL
    WHERE ${oneOf('events', `type = 'task.claimed' AND agent_id IN (SELECT id FROM agents WHERE max_capacity = 1)`)}`,
  acknowledged: `DELETE FROM api_keys WHERE name = 'viewer'`,
  streams: `UPDATE events SET type = 'task.fresh' WHERE ${oneOf('events', `type = 'task.created'`)}`,
  dependencies: `INSERT INTO task_dependencies (task_id, depends_on_id, created_at, settled_at)
    SELECT t.id, e.task_id, t.created_at, now()
    FROM events s JOIN tasks t ON t.id = s.task_id JOIN events e ON e.id > s.id AND e.task_id <> t.id
    WHERE s.type = 'run.started' AND e.payload->>'to' = 'DONE' AND t.on_dependency_failure = 'BLOCK'
    ORDER BY s.id, e.id DESC LIMIT 1`,
  'due-times': `DELETE FROM recurring_firings WHERE task_id = (SELECT max(task_id) FROM recurring_firings)`,
  counters: `UPDATE tasks SET run_count = run_count + 1 WHERE ${oneOf('tasks', 'run_count > 0')}`,
  'done-once': `UPDATE events SET run_id = NULL WHERE ${oneOf('events', `type = 'task.completed'`)}`,
  'sent-once': `UPDATE tasks SET title = (SELECT max(title) FROM tasks WHERE title LIKE 'Once: %')
    WHERE ${oneOf('tasks', `title NOT LIKE 'Once: %'`)}`,
  'work-ends': `UPDATE tasks SET status = 'REVIEW', completed_at = NULL WHERE ${oneOf('tasks', `status = 'DONE'`)}`,
};

describe('three servers, their clients and their PostgreSQL under faults for a minute', () => {
  it('break no rule of the judge', () => {
    const verdicts = judge(run.evidence);
    process.stdout.write(`   measured: torture: ${report(run, verdicts).slice(0, 4).join('; ')}\n`);
    expect(brokenBy(run.evidence)).toEqual({});
    expect(run.played.failed).toEqual([]);
    for (const { name, connections, seen } of run.evidence.record.streams)
      expect([name, connections > 0, seen.length > 0]).toEqual([name, true, true]);
  });
});

describe('the judge', () => {
  it('names the rule that a changed row breaks', async () => {
    for (const [rule, sql] of Object.entries(LIES))
      expect(Object.keys(brokenBy(await falsify(rule, sql)))).toContain(rule);
  });

  it('names what a subscriber missed, received twice or received out of order', () => {
    const { record } = run.evidence;
    const [first, ...others] = record.streams;
    const withSeen = (change: (seen: SeenEvent[]) => SeenEvent[]) =>
      brokenBy({
        ...run.evidence,
        record: { ...record, streams: [{ ...first!, seen: change(first!.seen) }, ...others] },
      });
    const [one, two, ...rest] = first!.seen;
    for (const seen of [
      [one!, ...rest],
      [one!, one!, two!, ...rest],
      [two!, one!, ...rest],
    ])
      expect(Object.keys(withSeen(() => seen))).toEqual(['streams']);
  });

  it('names faults and what servers have kept', () => {
    const { leftovers } = run.evidence;
    const kept = { name: 'server 1', unit: 'open files', found: 2, most: 1 };
    expect(Object.keys(brokenBy({ ...run.evidence, serverComplaints: ['a fault'] }))).toEqual(['no-faults']);
    expect(Object.keys(brokenBy({ ...run.evidence, leftovers: [...leftovers, kept] }))).toEqual([
      'leftovers',
    ]);
  });

  it('has a test of each rule', () => {
    const tested = [...Object.keys(LIES), 'no-faults', 'leftovers'];
    expect(RULES.map(({ name }) => name).sort()).toEqual(tested.sort());
  });
});
