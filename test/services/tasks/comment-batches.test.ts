import { beforeEach, describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { TASK_STATUSES } from '../../../src/domain/tasks/task-status.js';
import { newId } from '../../../src/kernel/ids.js';
import { isOutage } from '../../../src/postgres/outage.js';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { type AddComment, addComment } from '../../../src/services/tasks/add-comment.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import { addComments } from '../../../src/store/tasks/add-comments.js';
import type { CommentRow } from '../../../src/store/tasks/comments.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { isTaskVisibleToAgent } from '../../../src/store/tasks/visible-tasks.js';
import { aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { inOneBatch } from '../../support/factories/one-batch.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { countStatements } from '../../support/postgres/statements.js';

let services: TestServices;
let key: Viewer;
let stranger: Viewer;
let mine: TaskRow;
let hidden: TaskRow;

useServices(async (made) => {
  services = made;
});
beforeEach(async () => {
  const [agent, other] = [await anAgent(services), await anAgent(services)];
  key = await aKeyOf(services, agent);
  stranger = await aKeyOf(services, other);
  mine = await aTask(services, { assignee: { id: agent.id } });
  hidden = await aTask(services, { assignee: { id: other.id } });
});

const comment = (input: Partial<AddComment> = {}, viewer = services.admin) =>
  addComment(services, viewer, { task: { id: mine.id }, body: 'A comment', ...input });
const outcomes = (results: readonly PromiseSettledResult<CommentRow>[]) =>
  results.map((each) =>
    each.status === 'fulfilled' ? each.value.body : `${each.reason.code} ${each.reason.path ?? ''}`,
  );
const stored = () =>
  services.sql<{ body: string; transaction: string }>(
    'SELECT body, xmin::text AS transaction FROM comments ORDER BY id',
  );

describe('comments that arrive together', () => {
  it('get their own answers: some are refused, one is a repeat, and the others are added', async () => {
    const first = await comment({ body: 'first', idempotencyKey: 'k' });
    const added = await inOneBatch(services, [
      () => comment({ body: 'by ref', task: { ref: `TASK-${mine.number}` } }),
      () => comment({ body: 'own', inReplyToId: first.id }, key),
      () => comment({ body: 'hidden', task: { id: hidden.id } }, key),
      () => comment({ body: 'missing', task: { id: 'task_missing' } }),
      () => comment({ body: 'first', idempotencyKey: 'k' }),
      () => comment({ body: 'reply', inReplyToId: 'cmt_missing' }),
      () => comment({ body: 'elsewhere', inReplyToId: first.id, task: { id: hidden.id } }, stranger),
    ]);
    expect(outcomes(added)).toEqual([
      'by ref',
      'own',
      'NOT_FOUND task',
      'NOT_FOUND task',
      'first',
      'NOT_FOUND inReplyToId',
      'NOT_FOUND inReplyToId',
    ]);
    expect(
      outcomes(await inOneBatch(services, [() => comment({ body: 'changed', idempotencyKey: 'k' })])),
    ).toEqual(['IDEMPOTENCY_KEY_REUSED idempotencyKey']);
    const rows = await stored();
    expect(rows.map(({ body }) => body).sort()).toEqual(['by ref', 'first', 'own']);
    expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(2);
  });

  it('each have an event with their author', async () => {
    await inOneBatch(services, [() => comment(), () => comment({}, key)]);
    const events = await services.sql(
      `SELECT actor_key_id, actor_agent_id, task_id, agent_id, comment_id IS NOT NULL AS has_comment FROM
        (SELECT id, type, actor_key_id, actor_agent_id, task_id, agent_id, comment_id FROM event_outbox
         UNION ALL SELECT id, type, actor_key_id, actor_agent_id, task_id, agent_id, comment_id FROM events) e
       WHERE type = 'task.comment_added' AND task_id = $1 ORDER BY id`,
      [mine.id],
    );
    const about = { task_id: mine.id, agent_id: mine.assigneeId, has_comment: true };
    expect(events).toEqual([
      { actor_key_id: services.admin.keyId, actor_agent_id: null, ...about },
      { actor_key_id: null, actor_agent_id: key.agentId, ...about },
    ]);
  });

  it('with one idempotency key are one comment', async () => {
    const repeat = () => comment({ body: 'once', idempotencyKey: 'once' });
    expect(outcomes(await inOneBatch(services, [repeat, repeat, repeat]))).toEqual(['once', 'once', 'once']);
    expect(await stored()).toHaveLength(1);
  });

  it('are added each by itself when PostgreSQL refuses the statement, and told to retry when the connection dies', async () => {
    await services.sql("ALTER TABLE comments ADD CONSTRAINT no_bad CHECK (body <> 'bad')");
    const bodies = ['good', 'bad', 'fine'].map((body) => () => comment({ body, idempotencyKey: body }));
    expect(outcomes(await inOneBatch(services, bodies))).toEqual(['good', '23514 ', 'fine']);
    await services.sql('ALTER TABLE comments DROP CONSTRAINT no_bad');
    await services.sql(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NEW; END'`);
    await services.sql('CREATE TRIGGER die BEFORE INSERT ON comments FOR EACH ROW EXECUTE FUNCTION die()');
    const killed = await inOneBatch(services, [() => comment({ body: 'a' }), () => comment({ body: 'b' })]);
    expect(killed.map((each) => each.status === 'rejected' && isOutage(each.reason))).toEqual([true, true]);
    await services.sql('DROP TRIGGER die ON comments');
    expect((await stored()).map(({ body }) => body).sort()).toEqual(['fine', 'good']);
    expect(await comment({ body: 'bad', idempotencyKey: 'bad' })).toMatchObject({ body: 'bad' });
  });
});

/** Whether the statement of a batch accepts a comment of the agent on the task. */
async function isAccepted(id: string, agentId: string): Promise<boolean> {
  const author = { id: newId('cmt'), task: { id }, keyId: key.keyId, agentId, body: 'x' };
  const [added] = await addComments(services.database.pool, [
    { ...author, inReplyToId: null, idempotencyKey: null, fingerprint: null },
  ]);
  return added !== null;
}

describe('a comment', () => {
  it('costs one round trip', async () => {
    expect(await countStatements(() => comment({ idempotencyKey: 'a' }, key))).toBe(1);
  });

  it('is accepted by the statement of a batch only on a task that the agent may see', async () => {
    const agents = [key.agentId ?? '', stranger.agentId ?? ''];
    const tasks = [
      mine,
      hidden,
      await createTask(services, key, { title: 'x', assignee: { id: agents[1] } }),
    ];
    const worker = await anAgent(services);
    for (const status of TASK_STATUSES)
      if (status !== 'REJECTED') tasks.push(await aTaskIn(services, status, worker));
    const pairs = [...agents, worker.id].flatMap((agentId) => tasks.map((task) => ({ agentId, ...task })));
    const accepted: string[] = [];
    for (const { id, status, agentId } of pairs) {
      if (!(await isAccepted(id, agentId))) continue;
      accepted.push(status);
      const see = inTransaction(services.database, (tx) => isTaskVisibleToAgent(tx, id, agentId, 'aegis'));
      expect([status, await see]).toEqual([status, true]);
    }
    expect(new Set(accepted)).toEqual(new Set(TASK_STATUSES.filter((status) => status !== 'REJECTED')));
  });
});
