import { beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { isOutage } from '../../../src/postgres/outage.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { type SubmitVerdict, submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { clearTasks, neverAborted } from '../../support/factories/claims.js';
import { aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { inOneBatch } from '../../support/factories/one-batch.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';
import { holdLocks } from '../../support/postgres/held-lock.js';
import { countStatements } from '../../support/postgres/statements.js';

let services: TestServices;
let other: TestServices;
let worker: AgentRow;
let reviewer: AgentRow;
let reviewerKey: Viewer;
let coordinatorKey: Viewer;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  worker = await anAgent(services);
  coordinatorKey = await aKeyOf(services, await anAgent(services, { name: 'aegis' }));
});
beforeEach(async () => {
  reviewer = await anAgent(services, { role: 'reviewer' });
  reviewerKey = await aKeyOf(services, reviewer);
});

/** The services of a process that serves each verdict in a transaction of its own. */
const alone = (): TestServices => ({
  ...services,
  batches: { ...services.batches, verdicts: { ...services.batches.verdicts, ask: async () => null } },
});

const inReview = async () => (await aTaskIn(services, 'REVIEW', worker)).id;
const take = () => claimNextReview(services, reviewerKey, {}, neverAborted);
const approve = (
  id: string,
  viewer: Viewer = services.admin,
  more: Partial<SubmitVerdict> = {},
  by = services,
) => submitVerdict(by, viewer, { task: { id }, verdict: 'APPROVED', ...more });
const outcomes = (
  results: readonly PromiseSettledResult<{ task: { status: string }; review: { superseded: boolean } }>[],
) =>
  results.map((each) =>
    each.status === 'rejected'
      ? each.reason.code
      : `${each.value.task.status}${each.value.review.superseded ? ' superseded' : ''}`,
  );
const statuses = async (ids: readonly string[]) =>
  Promise.all(
    ids.map(async (id) => (await services.sql('SELECT status FROM tasks WHERE id = $1', [id]))[0]?.status),
  );

describe('verdicts that arrive together', () => {
  it('get their own answers: some are refused, one is late, one rejects, and the others approve', async () => {
    const ids = [await inReview()];
    await take();
    for (let i = 0; i < 5; i += 1) ids.push(await inReview());
    const [claimed = '', second = '', own = '', foreign = '', rejected = '', late = ''] = ids;
    const workerKey = await aKeyOf(services, worker);
    await approve(late);
    const answers = await inOneBatch(services, [
      () => approve(claimed, reviewerKey),
      () => approve(second, coordinatorKey, { feedback: 'good' }),
      () => approve(own, workerKey),
      () => approve(foreign, reviewerKey),
      () => approve(rejected, services.admin, { verdict: 'REJECTED', feedback: 'no' }),
      () => approve(late),
      () => approve('task_missing'),
    ]);
    expect(outcomes(answers)).toEqual([
      ...['DONE', 'DONE', 'SELF_REVIEW', 'FORBIDDEN', 'ASSIGNED', 'DONE superseded', 'NOT_FOUND'],
    ]);
    expect(await statuses(ids)).toEqual(['DONE', 'DONE', 'REVIEW', 'REVIEW', 'ASSIGNED', 'DONE']);
    const batch = await services.sql(
      'SELECT DISTINCT xmin::text FROM quality_reviews WHERE task_id = ANY($1)',
      [[claimed, second, rejected]],
    );
    expect(batch).toHaveLength(1);
  });

  it('on one task are one approval, and the others are superseded', async () => {
    const id = await inReview();
    const answers = await inOneBatch(services, [() => approve(id), () => approve(id), () => approve(id)]);
    expect(outcomes(answers)).toEqual(['DONE', 'DONE superseded', 'DONE superseded']);
  });

  it('with one idempotency key are one verdict', async () => {
    const id = await inReview();
    const repeat = () => approve(id, services.admin, { idempotencyKey: 'once' });
    expect(outcomes(await inOneBatch(services, [repeat, repeat]))).toEqual(['DONE', 'DONE']);
    expect(outcomes(await inOneBatch(services, [repeat]))).toEqual(['DONE']);
    expect(await services.sql('SELECT FROM quality_reviews WHERE task_id = $1', [id])).toHaveLength(1);
    const changed = () => approve(id, services.admin, { idempotencyKey: 'once', feedback: 'changed' });
    expect(outcomes(await inOneBatch(services, [changed]))).toEqual(['IDEMPOTENCY_KEY_REUSED']);
  });

  it('reject what goes back to its agent; what fails, is late or waits for a silent agent is judged by itself', async () => {
    const silent = await anAgent(services);
    const ids = [await inReview(), await inReview(), await inReview()];
    const [plain = '', last = '', late = ''] = ids;
    const pinned = (await aTaskIn(services, 'REVIEW', silent)).id;
    await services.sql('UPDATE tasks SET pinned = true WHERE id = ANY($1)', [[plain, pinned]]);
    await services.sql('UPDATE agents SET last_seen_at = NULL WHERE id = $1', [silent.id]);
    await services.sql('UPDATE tasks SET review_cycles = 2 WHERE id = $1', [last]);
    await approve(late);
    const reject = (id: string) => approve(id, services.admin, { verdict: 'REJECTED', feedback: 'shorter' });
    const answers = await inOneBatch(
      services,
      [...ids, pinned].map((id) => () => reject(id)),
    );
    expect(outcomes(answers)).toEqual(['ASSIGNED', 'FAILED', 'DONE superseded', 'ASSIGNED']);
    expect(await statuses([plain, pinned, last])).toEqual(['ASSIGNED', 'ASSIGNED', 'FAILED']);
    const comments = `SELECT task_id, body FROM comments WHERE task_id = ANY($1) ORDER BY array_position($1, task_id)`;
    expect(await services.sql(comments, [[plain, last, pinned, late]])).toEqual([
      { task_id: plain, body: 'Rejected in review (1 of 3): shorter' },
      { task_id: last, body: 'Rejected in review (3 of 3): shorter' },
      { task_id: pinned, body: 'Rejected in review (1 of 3): shorter' },
    ]);
    const waits = await services.sql(
      `SELECT task_id FROM (SELECT type, task_id FROM events UNION ALL SELECT type, task_id FROM event_outbox) e
       WHERE type = 'task.assignee_offline' AND task_id = ANY($1)`,
      [[plain, pinned]],
    );
    expect(waits).toEqual([{ task_id: pinned }]);
  });

  it('do not wait for one whose task is locked, and that one waits by itself', async () => {
    const [locked, free] = [await inReview(), await inReview()];
    const lock = await holdLocks(other, 'SELECT FROM tasks WHERE id = $1 FOR UPDATE', [locked]);
    const waiting = approve(locked);
    expect(outcomes(await inOneBatch(services, [() => approve(free)]))).toEqual(['DONE']);
    await lock.release();
    expect((await waiting).task.status).toBe('DONE');
  });

  it('unblock the tasks that wait for theirs', async () => {
    const id = await inReview();
    const dependent = await aTask(services, { dependsOn: [{ id }] });
    expect(outcomes(await inOneBatch(services, [() => approve(id)]))).toEqual(['DONE']);
    const [row] = await services.sql('SELECT open_dependencies FROM tasks WHERE id = $1', [dependent.id]);
    expect(row).toEqual({ open_dependencies: 0 });
  });

  it('are all told to retry when the connection dies, and change nothing', async () => {
    const ids = [await inReview(), await inReview()];
    await services.sql(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NEW; END'`);
    await services.sql(
      'CREATE TRIGGER die AFTER INSERT ON quality_reviews FOR EACH ROW EXECUTE FUNCTION die()',
    );
    const answers = await inOneBatch(
      services,
      ids.map((id) => () => approve(id)),
    );
    expect(answers.map((each) => each.status === 'rejected' && isOutage(each.reason))).toEqual([true, true]);
    await services.sql('DROP TRIGGER die ON quality_reviews');
    expect(await statuses(ids)).toEqual(['REVIEW', 'REVIEW']);
    expect(
      outcomes(
        await inOneBatch(
          services,
          ids.map((id) => () => approve(id)),
        ),
      ),
    ).toEqual(['DONE', 'DONE']);
  });
});

describe('a verdict', () => {
  const viewers = [
    ['an operator', () => services.admin],
    ['the reviewer who claimed the round', () => reviewerKey],
    ['the coordinator', () => coordinatorKey],
  ] as const;
  const verdicts = ['APPROVED', 'REJECTED'] as const;
  it.each(
    verdicts.flatMap((verdict) => viewers.map(([name, viewerOf]) => [verdict, name, viewerOf] as const)),
  )('%s of %s writes the same rows and events in a batch and by itself', async (verdict, _, viewerOf) => {
    const written: unknown[] = [];
    for (const by of [services, alone()]) {
      await clearTasks(services);
      const id = await inReview();
      if (viewerOf() === reviewerKey) await take();
      await services.sql(
        "UPDATE agents SET announced_status = 'OFFLINE', last_seen_at = NULL WHERE id = $1",
        [reviewer.id],
      );
      await approve(id, viewerOf(), { verdict, feedback: 'as it is', idempotencyKey: 'key' }, by);
      written.push(await rowsOf(id));
    }
    expect(written[0]).toEqual(written[1]);
  });

  it.each(verdicts)('%s costs one round trip', async (verdict) => {
    const id = await inReview();
    await take();
    const judge = () => approve(id, reviewerKey, { verdict, feedback: 'x', idempotencyKey: 'a' });
    expect(await countStatements(judge)).toBe(1);
  });
});

/** All rows about the task, without ids and times, and the events since it came to REVIEW. */
async function rowsOf(id: string): Promise<unknown> {
  const facts = (row: string, without: string) => `to_jsonb(${row}) - '{${without}}'::text[]`;
  const rows = await services.sql(
    `SELECT ${facts('t', 'id,number,title,created_at,updated_at,status_at,started_at,completed_at')} || jsonb_build_object('ended', completed_at = updated_at
        AND status_at = updated_at AND updated_at > started_at) AS row FROM tasks t WHERE id = $1
     UNION ALL SELECT ${facts('q', 'id,task_id,run_id,created_at')} || jsonb_build_object('run', run_id = (SELECT id FROM task_runs WHERE task_id = $1))
       FROM quality_reviews q WHERE task_id = $1
     UNION ALL SELECT ${facts('r', 'id,task_id,started_at,finished_at,prompt')} || jsonb_build_object('ended', finished_at > started_at)
       FROM review_runs r WHERE task_id = $1
     UNION ALL SELECT ${facts('c', 'id,task_id,created_at')} FROM comments c WHERE task_id = $1
     UNION ALL SELECT ${facts('k', 'subject_id,created_at,fingerprint')} FROM idempotency_keys k
     UNION ALL SELECT jsonb_build_object('status', announced_status, 'seen', last_seen_at > now() - interval '1 min') FROM agents WHERE id = $2`,
    [id, reviewer.id],
  );
  const events = await services.sql(
    `SELECT type, actor_key_id, actor_agent_id, task_id IS NOT NULL AS task, agent_id, run_id IS NOT NULL AS run, review_id IS NOT NULL AS review, comment_id IS NOT NULL AS comment, payload FROM
      (SELECT id, type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, review_id, comment_id, payload FROM event_outbox
       UNION ALL SELECT id, type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, review_id, comment_id, payload FROM events) e
     WHERE task_id = $1 OR agent_id = $2 ORDER BY id DESC LIMIT 6`,
    [id, reviewer.id],
  );
  return { rows, events };
}
