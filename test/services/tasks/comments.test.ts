import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { aClaimedTask, aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;
let agent: AgentRow;
let key: Viewer;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  agent = await anAgent(services);
  key = await aKeyOf(services, agent);
});

const say = (id: string, body: string, more = {}, viewer = services.admin, process = services) =>
  addComment(process, viewer, { task: { id }, body, ...more });

describe('a comment', () => {
  it('has its author and an event, and does not change the task', async () => {
    const { task } = await aClaimedTask(services, agent);
    const byKey = await say(task.id, 'A question');
    const byAgent = await say(task.id, 'An answer', { inReplyToId: byKey.id }, key);
    expect(byKey).toMatchObject({
      authorKeyId: services.admin.keyId,
      authorAgentId: null,
      inReplyToId: null,
    });
    expect(byAgent).toMatchObject({ authorKeyId: null, authorAgentId: agent.id, inReplyToId: byKey.id });
    const events = await services.sql(
      "SELECT comment_id, agent_id, actor_agent_id FROM events WHERE task_id = $1 AND type = 'task.comment_added' ORDER BY id",
      [task.id],
    );
    expect(events).toEqual([
      { comment_id: byKey.id, agent_id: agent.id, actor_agent_id: null },
      { comment_id: byAgent.id, agent_id: agent.id, actor_agent_id: agent.id },
    ]);
    const [row] = await services.sql('SELECT version, updated_at FROM tasks WHERE id = $1', [task.id]);
    expect(row).toEqual({ version: task.version, updated_at: task.updatedAt });
  });

  it('can reply only to a comment on the same task', async () => {
    const [task, another] = [await aTask(services), await aTask(services)];
    const elsewhere = await say(another.id, 'Elsewhere');
    expect(await namedRefusalsOf(say(task.id, 'x', { inReplyToId: elsewhere.id }))).toEqual([
      'NOT_FOUND inReplyToId',
    ]);
  });

  it('is created once under one idempotency key', async () => {
    const { id } = await aTask(services);
    const keyed = { idempotencyKey: 'k' };
    const comments = await Promise.all(
      Array.from({ length: 6 }, (_, i) => say(id, 'once', keyed, services.admin, i % 2 ? other : services)),
    );
    expect(new Set(comments.map((comment) => comment.id)).size).toBe(1);
    expect(await namedRefusalsOf(say(id, 'twice', keyed))).toEqual(['IDEMPOTENCY_KEY_REUSED idempotencyKey']);
    expect(await services.sql('SELECT body FROM comments')).toEqual([{ body: 'once' }]);
  });

  it('is refused with NOT_FOUND on a task that the agent may not see', async () => {
    const stranger = await anAgent(services);
    const hidden = await aTaskIn(services, 'IN_PROGRESS', stranger);
    const secret = await say(hidden.id, 'Secret');
    expect(await namedRefusalsOf(say(hidden.id, 'x', {}, key))).toEqual(['NOT_FOUND task']);
    const visible = [
      await aTask(services),
      await aTask(services, { assignee: { id: agent.id } }),
      await aTaskIn(services, 'DONE', agent),
    ];
    for (const { id } of visible) expect((await say(id, 'seen', {}, key)).authorAgentId).toBe(agent.id);
    const reply = say(visible[0]?.id ?? '', 'x', { inReplyToId: secret.id }, key);
    expect(await namedRefusalsOf(reply)).toEqual(['NOT_FOUND inReplyToId']);
  });

  it('does not wait for a lock on the task, and does not block a claim', async () => {
    const { id } = await aTask(services);
    const lock = await other.database.pool.connect();
    await lock.query('BEGIN');
    await lock.query('SELECT FROM tasks WHERE id = $1 FOR NO KEY UPDATE', [id]);
    expect((await say(id, 'in between')).body).toBe('in between');
    await lock.query('ROLLBACK');
    lock.release();
  });
});
