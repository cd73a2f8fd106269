import { beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { isOutage } from '../../../src/postgres/outage.js';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { type ClaimedReview, claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor, clearTasks, neverAborted } from '../../support/factories/claims.js';
import { aKeyOf, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { inOneBatch } from '../../support/factories/one-batch.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';
import { countStatements } from '../../support/postgres/statements.js';

let services: TestServices;
let other: TestServices;
let worker: AgentRow;
let reviewers: { readonly agent: AgentRow; readonly key: Viewer }[];

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  worker = await anAgent(services);
});
beforeEach(async () => {
  reviewers = [];
  for (let i = 0; i < 4; i += 1) {
    const agent = await anAgent(services, { role: 'reviewer' });
    reviewers.push({ agent, key: await aKeyOf(services, agent) });
  }
});

/** The services of a process that serves each claim in a transaction of its own. */
const alone = (): TestServices => ({
  ...services,
  batches: { ...services.batches, reviewClaims: { ...services.batches.reviewClaims, ask: async () => null } },
});
const claim = (n: number, by = services) =>
  claimNextReview(by, reviewers[n]?.key ?? services.admin, {}, neverAborted);
const inReview = async () => (await aTaskIn(services, 'REVIEW', worker)).id;
const outcomes = (results: readonly PromiseSettledResult<ClaimedReview>[]) =>
  results.map((each) => (each.status === 'rejected' ? each.reason.code : (each.value.task?.id ?? null)));

describe('claims of reviews that arrive together', () => {
  it('get different rounds in queue order; one holds a round, one is paused, one is no reviewer', async () => {
    const ids = [await inReview(), await inReview(), await inReview()];
    const held = await claim(0);
    await pauseAgent(services, services.admin, { id: reviewers[1]?.agent.id });
    const workerKey = await aKeyOf(services, worker);
    const answers = await inOneBatch(services, [
      () => claim(0),
      () => claim(1),
      () => claimNextReview(services, workerKey, {}, neverAborted),
      () => claim(2),
      () => claim(3),
    ]);
    expect(held.task?.id).toBe(ids[0]);
    expect(outcomes(answers)).toEqual([ids[0], null, 'FORBIDDEN', ids[1], ids[2]]);
    const runs = await services.sql('SELECT task_id, prompt FROM review_runs ORDER BY started_at');
    expect(runs.map(({ task_id }) => task_id).sort()).toEqual([...ids].sort());
    expect(runs.filter(({ prompt }) => prompt === null)).toEqual([]);
    expect(outcomes(await inOneBatch(services, [() => claim(2)]))).toEqual([ids[1]]);
  });

  it('hand no reviewer its own work, and no more than one round to a reviewer that asks twice', async () => {
    const id = await inReview();
    await services.sql("UPDATE agents SET role = 'reviewer' WHERE id = $1", [worker.id]);
    const own = await aKeyOf(services, worker);
    const ask = () => claimNextReview(services, own, {}, neverAborted);
    expect(outcomes(await inOneBatch(services, [ask, () => claim(0), () => claim(0)]))).toEqual([
      null,
      id,
      id,
    ]);
    await services.sql("UPDATE agents SET role = 'agent' WHERE id = $1", [worker.id]);
  });

  it.each([
    ['is locked', 'SELECT FROM agents WHERE id = $1 FOR UPDATE'],
    [
      'claims elsewhere',
      "SELECT pg_advisory_xact_lock(hashtextextended('mission_control.reviewer.' || $1, 0))",
    ],
  ])('do not wait for a reviewer that %s', async (_, lock) => {
    const ids = [await inReview(), await inReview()];
    const held = await holdLocks(other, lock, [reviewers[0]?.agent.id]);
    const waiting = claim(0);
    const [free] = outcomes(await inOneBatch(services, [() => claim(1)]));
    await held.release();
    expect([free, (await waiting).task?.id].sort()).toEqual(ids.sort());
  });

  it('are all told to retry when the connection dies, and change nothing', async () => {
    const ids = [await inReview(), await inReview()];
    await services.sql(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NEW; END'`);
    await services.sql('CREATE TRIGGER die AFTER INSERT ON review_runs FOR EACH ROW EXECUTE FUNCTION die()');
    const answers = await inOneBatch(services, [() => claim(0), () => claim(1)]);
    expect(answers.map((each) => each.status === 'rejected' && isOutage(each.reason))).toEqual([true, true]);
    await services.sql('DROP TRIGGER die ON review_runs');
    expect(await services.sql('SELECT FROM review_runs')).toEqual([]);
    expect(outcomes(await inOneBatch(services, [() => claim(0), () => claim(1)]))).toEqual(ids);
  });
});

describe('a claim of a review', () => {
  it('answers and writes the same in a batch and by itself, with the feedback of earlier rounds', async () => {
    const written: unknown[] = [];
    for (const by of [services, alone()]) {
      await clearTasks(services);
      await services.sql(
        "UPDATE agents SET announced_status = 'OFFLINE', last_seen_at = NULL WHERE role = 'reviewer'",
      );
      const id = await inReview();
      await submitVerdict(services, services.admin, {
        task: { id },
        verdict: 'REJECTED',
        feedback: 'shorter',
      });
      const { run } = await claimFor(services, worker);
      await completeTask(services, services.admin, { runId: run?.id, resolution: 'short' });
      const { round, prompt } = await claim(0, by);
      expect(prompt).toContain('shorter');
      written.push({ round, prompt: prompt?.replaceAll(/TASK-\d+/g, ''), rows: await rowsOf(id) });
    }
    expect(written[0]).toMatchObject({ rows: { runs: [{ prompt: expect.stringContaining('shorter') }] } });
    const text = JSON.stringify(written).replaceAll(/TASK-\d+|: Task \d+/g, '');
    const [first, second] = JSON.parse(text);
    expect(first).toEqual(second);
  });

  it('costs one round trip, and one for the prompt', async () => {
    // The first claim of an agent in a process also notes that it asks for work.
    expect(await claim(0)).toMatchObject({ task: null });
    expect(await countStatements(() => claim(0))).toBe(1);
    await inReview();
    expect(await countStatements(() => claim(0))).toBe(2);
  });

  it('answers with the prompt again when the process ended before it stored it', async () => {
    await inReview();
    const first = await claim(0);
    await services.sql('UPDATE review_runs SET prompt = NULL');
    expect(await claim(0)).toMatchObject({ runId: first.runId, prompt: first.prompt });
    expect(await services.sql('SELECT prompt FROM review_runs')).toEqual([{ prompt: first.prompt }]);
  });
});

/** The review run, its events and the reviewer, without ids and times. */
async function rowsOf(id: string): Promise<unknown> {
  const reviewer = reviewers[0]?.agent.id;
  const runs = await services.sql(
    `SELECT round, agent_id, trigger, outcome, lease_ms, prompt, lease_expires_at = started_at + lease_ms * interval '1 ms' AS in_time
     FROM review_runs WHERE task_id = $1`,
    [id],
  );
  const agents = await services.sql(
    "SELECT announced_status, last_seen_at > now() - interval '1 min' AS seen FROM agents WHERE id = $1",
    [reviewer],
  );
  const events = await services.sql(
    `SELECT type, actor_key_id, actor_agent_id, task_id = $1 AS task, payload FROM
      (SELECT id, type, actor_key_id, actor_agent_id, task_id, agent_id, payload FROM event_outbox
       UNION ALL SELECT id, type, actor_key_id, actor_agent_id, task_id, agent_id, payload FROM events) e
     WHERE agent_id = $2 ORDER BY id DESC LIMIT 2`,
    [id, reviewer],
  );
  return { runs, agents, events };
}
