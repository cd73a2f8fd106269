import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { SYSTEM, type Viewer } from '../../../src/domain/actor.js';
import { appendEvents } from '../../../src/postgres/append-events.js';
import { inTransaction, type Transaction } from '../../../src/postgres/transaction.js';
import { moveTask } from '../../../src/services/moves/move-task.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { reportProgress } from '../../../src/services/runs/renew-lease.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { createTask } from '../../../src/services/tasks/create-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { lockTask } from '../../../src/store/tasks/tasks.js';
import { type EventRow, foldEvents } from '../../model/fold-events.js';
import { neverAborted } from '../../support/factories/claims.js';
import { aKeyOf, anAgent, aTask, aTaskIn } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { snapshotOf } from '../../support/postgres/snapshot.js';

let services: TestServices;
let agent: AgentRow;
let key: Viewer;

useServices(async (made) => {
  services = made;
  agent = await anAgent(services);
  key = await aKeyOf(services, agent);
});

const eventsOf = (id: string) =>
  services.sql<EventRow & { actor: string }>(
    `SELECT type, agent_id, run_id, payload, CASE WHEN actor_key_id = $2 THEN 'admin' WHEN actor_agent_id = $3 THEN 'worker'
       WHEN coalesce(actor_key_id, actor_agent_id) IS NULL THEN 'system' ELSE 'reviewer' END AS actor
     FROM events WHERE task_id = $1 ORDER BY id`,
    [id, services.admin.keyId, agent.id],
  );

describe('the event log', () => {
  it('has every step of a task in order, with actor, old status and new status', async () => {
    const { admin } = services;
    const reviewer = await anAgent(services, { role: 'reviewer' });
    const reviewerKey = await aKeyOf(services, reviewer);
    const { id } = await createTask(services, key, { title: 'A life' });
    const task = { id };
    const claim = async () => (await claimNextTask(services, key, {}, neverAborted)).run?.id ?? '';
    await updateTask(services, admin, { task, title: 'A long life' });
    await assignTask(services, admin, { task, assignee: { id: agent.id } });
    await failTask(services, key, { runId: await claim(), error: 'broken' });
    await releaseTask(services, key, { runId: await claim() });
    const runId = await claim();
    await reportProgress(services, key, { runId, message: 'half', percent: 50 });
    await addComment(services, key, { task, body: 'nearly' });
    await completeTask(services, key, { runId, resolution: 'done' });
    await claimNextReview(services, reviewerKey, {}, neverAborted);
    await submitVerdict(services, reviewerKey, { task, verdict: 'REJECTED', feedback: 'no' });
    await cancelTask(services, admin, { task, reason: 'enough' });
    await retryTask(services, admin, { task });
    const told = (await eventsOf(id)).map(({ type, actor, payload }) =>
      [type, actor, payload.from && `${payload.from} → ${payload.to}`].filter(Boolean).join(' '),
    );
    expect(told).toEqual([
      'task.created worker',
      'task.updated admin',
      'task.status_changed admin INBOX → ASSIGNED',
      'task.assigned admin',
      'task.claimed worker ASSIGNED → IN_PROGRESS',
      'run.started worker',
      'run.failed worker',
      'task.requeued worker IN_PROGRESS → ASSIGNED',
      'task.comment_added worker',
      'task.claimed worker ASSIGNED → IN_PROGRESS',
      'run.started worker',
      'run.released worker',
      'task.requeued worker IN_PROGRESS → ASSIGNED',
      'task.claimed worker ASSIGNED → IN_PROGRESS',
      'run.started worker',
      'run.progress worker',
      'task.comment_added worker',
      'run.succeeded worker',
      'task.completed worker IN_PROGRESS → REVIEW',
      'review.requested worker',
      'review.claimed reviewer',
      'review.submitted reviewer',
      'task.rejected reviewer REVIEW → REJECTED',
      'task.comment_added reviewer',
      'task.requeued reviewer REJECTED → ASSIGNED',
      'task.cancelled admin ASSIGNED → CANCELLED',
      'task.status_changed admin CANCELLED → ASSIGNED',
    ]);
    expect(foldEvents(await eventsOf(id))).toEqual({
      status: 'ASSIGNED',
      assigneeId: agent.id,
      comments: 3,
      runId: null,
    });
  });

  it('names the assignee on every event of its task, so that a filter by agent finds it', async () => {
    const { id } = await aTaskIn(services, 'DONE', agent);
    const events = await eventsOf(id);
    expect(events.length).toBeGreaterThan(5);
    expect(events.filter(({ agent_id: concerned }) => concerned !== agent.id)).toEqual([]);
  });

  it('has the version of the row, which grows by one with each status change and each edit', async () => {
    const { id } = await aTaskIn(services, 'DONE', agent);
    const moves = (await eventsOf(id)).filter(({ payload }) => 'to' in payload);
    const [row] = await services.sql('SELECT version FROM tasks WHERE id = $1', [id]);
    expect(row).toEqual({ version: moves.length });
  });
});

describe('a transaction', () => {
  let ring: MockInstance<() => void>;
  beforeAll(() => {
    ring = vi.spyOn(services.database.bell, 'ring');
  });
  afterAll(() => ring.mockRestore());

  it('that fails leaves no change and no event, and sends no notification', async () => {
    const { id } = await aTask(services);
    ring.mockClear();
    const before = await snapshotOf(services, id);
    const failing = inTransaction(services.database, async (tx) => {
      const task = await lockTask(tx, { id });
      if (task === null) throw new Error('no task');
      await moveTask(tx, task, { to: 'CANCELLED', verb: 'cancel', actor: SYSTEM });
      throw new Error('at the last moment');
    });
    await expect(failing).rejects.toThrow('at the last moment');
    expect(await snapshotOf(services, id)).toEqual(before);
    expect(ring).not.toHaveBeenCalled();
  });

  it('whose commit the database refuses leaves no change and no event', async () => {
    const { id } = await aTaskIn(services, 'REVIEW', agent);
    ring.mockClear();
    const before = await snapshotOf(services, id);
    const resting = inTransaction(services.database, async (tx) => {
      const task = await lockTask(tx, { id });
      if (task === null) throw new Error('no task');
      return moveTask(tx, task, { to: 'REJECTED', verb: 'reject', actor: SYSTEM });
    });
    await expect(resting).rejects.toMatchObject({ constraint: 'tasks_rejected_is_passing' });
    expect(await snapshotOf(services, id)).toEqual(before);
    expect(ring).not.toHaveBeenCalled();
  });

  it('whose events cannot be written leaves no change', async () => {
    const { id } = await aTask(services);
    await services.sql('ALTER TABLE event_outbox ADD CONSTRAINT closed CHECK (false) NOT VALID');
    await expect(cancelTask(services, services.admin, { task: { id } })).rejects.toMatchObject({
      constraint: 'closed',
    });
    await services.sql('ALTER TABLE event_outbox DROP CONSTRAINT closed');
    const [row] = await services.sql('SELECT status, version FROM tasks WHERE id = $1', [id]);
    expect(row).toEqual({ status: 'INBOX', version: 1 });
  });

  it('that writes after its events is refused in every test, so all of them check that events come last', async () => {
    const { id } = await aTask(services);
    const late = inTransaction(services.database, async (tx) => {
      await appendEvents(tx.executor, [{ type: 'task.updated', actor: SYSTEM, taskId: id }]);
      await tx.query({ text: 'UPDATE tasks SET version = version WHERE id = $1', values: [id] });
    });
    await expect(late).rejects.toThrow('the transaction writes to tasks after its events');
  });

  it('that changes something notifies once, after the commit', async () => {
    const { id } = await aTask(services);
    ring.mockClear();
    await cancelTask(services, services.admin, { task: { id } });
    expect(ring).toHaveBeenCalledTimes(1);
    await updateTask(services, services.admin, { task: { id } });
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('that loses a deadlock is retried, and writes its events once', async () => {
    const [one, two] = [await aTask(services), await aTask(services)];
    let tries = 0;
    let locks = 0;
    let met = (): void => undefined;
    const meeting = new Promise<void>((resolve) => {
      met = resolve;
    });
    const cancel = async (tx: Transaction, id: string) => {
      const task = await lockTask(tx, { id });
      if (task?.status === 'INBOX')
        await moveTask(tx, task, { to: 'CANCELLED', verb: 'cancel', actor: SYSTEM });
    };
    const cancelBoth = (first: string, second: string, other: () => Promise<void> | undefined) => {
      let isAgain = false;
      return inTransaction(services.database, async (tx) => {
        tries += 1;
        // The loser waits for the winner. Otherwise it might lock its first task again before, which is another deadlock.
        if (isAgain) await other();
        isAgain = true;
        for (const id of [first, second]) {
          await cancel(tx, id);
          // Each holds its first task before either asks for its second. Locks are counted, as an attempt may not have one yet.
          locks += 1;
          if (locks === 2) met();
          await meeting;
        }
      });
    };
    const both: Promise<void>[] = [];
    both.push(cancelBoth(one.id, two.id, () => both[1]));
    both.push(cancelBoth(two.id, one.id, () => both[0]));
    await Promise.all(both);
    expect(tries).toBe(3);
    for (const { id } of [one, two]) {
      expect((await eventsOf(id)).map(({ type }) => type)).toEqual(['task.created', 'task.status_changed']);
    }
  });
});
