import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { type SubmitVerdict, submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor, neverAborted } from '../../support/factories/claims.js';
import { aKeyOf, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { snapshotOf } from '../../support/postgres/snapshot.js';

let services: TestServices;
let worker: AgentRow;
let workerKey: Viewer;

useServices(async (made) => {
  services = made;
  worker = await anAgent(services);
  workerKey = await aKeyOf(services, worker);
});

const inReview = () => aTaskIn(services, 'REVIEW', worker);
const judge = (id: string, verdict: SubmitVerdict['verdict'], more: Partial<SubmitVerdict> = {}) =>
  submitVerdict(services, services.admin, { task: { id }, verdict, feedback: 'seen', ...more });
const eventsOf = (id: string) =>
  services.sql<{ type: string; payload: Record<string, unknown> }>(
    'SELECT type, payload FROM events WHERE task_id = $1 ORDER BY id',
    [id],
  );

/** The worker claims and completes the task again. */
async function rework(): Promise<void> {
  const { run } = await claimFor(services, worker);
  await completeTask(services, workerKey, { runId: run?.id, resolution: 'again' });
}

describe('an approval', () => {
  it('ends the task and stores the verdict', async () => {
    const { id } = await inReview();
    const { task, review } = await judge(id, 'APPROVED', { feedback: null });
    expect(task).toMatchObject({ status: 'DONE', unreviewed: false, reviewCycles: 0, failureReason: null });
    expect(task.completedAt).not.toBeNull();
    const [run] = await services.sql<{ id: string }>('SELECT id FROM task_runs WHERE task_id = $1', [id]);
    expect(review).toMatchObject({
      taskId: id,
      round: 1,
      runId: run?.id,
      reviewerKeyId: services.admin.keyId,
      reviewerAgentId: null,
      verdict: 'APPROVED',
      feedback: null,
      superseded: false,
    });
    expect((await eventsOf(id)).slice(-2).map(({ type }) => type)).toEqual([
      'review.submitted',
      'task.approved',
    ]);
  });
});

describe('a rejection', () => {
  it('returns the task to its worker in two transitions with an event each, and adds the feedback as a comment', async () => {
    const { id, version } = await inReview();
    const { task } = await judge(id, 'REJECTED', { feedback: 'No tests.\nNo docs.' });
    expect(task).toMatchObject({
      status: 'ASSIGNED',
      assigneeId: worker.id,
      reviewCycles: 1,
      reviewRound: 1,
      version: version + 2,
    });
    const moves = (await eventsOf(id)).filter(({ payload }) => 'to' in payload).slice(-2);
    expect(moves).toEqual([
      { type: 'task.rejected', payload: { from: 'REVIEW', to: 'REJECTED', reason: 'No tests.\nNo docs.' } },
      { type: 'task.requeued', payload: { from: 'REJECTED', to: 'ASSIGNED', reason: 'rejected in review' } },
    ]);
    const comments = await services.sql('SELECT body, author_key_id FROM comments WHERE task_id = $1', [id]);
    expect(comments).toEqual([
      { body: 'Rejected in review (1 of 3): No tests.\nNo docs.', author_key_id: services.admin.keyId },
    ]);
  });

  it('needs feedback', async () => {
    const { id } = await inReview();
    const before = await snapshotOf(services, id);
    for (const feedback of [null, undefined, '', ' \n ']) {
      expect(await namedRefusalsOf(judge(id, 'REJECTED', { feedback }))).toEqual(['INVALID feedback']);
    }
    expect(await snapshotOf(services, id)).toEqual(before);
  });

  it('fails the task at the third time, with the feedback of all three', async () => {
    const { id } = await inReview();
    await judge(id, 'REJECTED', { feedback: 'first\nline' });
    await rework();
    await judge(id, 'REJECTED', { feedback: 'second' });
    await rework();
    const { task } = await judge(id, 'REJECTED', { feedback: 'third' });
    const failureDetail = 'Rejection 1: first\nline\n\nRejection 2: second\n\nRejection 3: third';
    expect(task).toMatchObject({
      status: 'FAILED',
      failureReason: 'REVIEW_CYCLES_EXHAUSTED',
      failureDetail,
      reviewCycles: 3,
      reviewRound: 3,
      dispatchAttempts: 0,
      staleRequeues: 0,
    });
    const moves = (await eventsOf(id)).filter(({ payload }) => 'to' in payload).slice(-2);
    expect(moves.map(({ payload }) => [payload.from, payload.to])).toEqual([
      ['REVIEW', 'REJECTED'],
      ['REJECTED', 'FAILED'],
    ]);
    expect(moves[1]?.payload.reason).toBe(failureDetail);
    const rounds = await services.sql(
      'SELECT q.round, r.number AS run FROM quality_reviews q JOIN task_runs r ON r.id = q.run_id WHERE q.task_id = $1 ORDER BY round',
      [id],
    );
    expect(rounds).toEqual([1, 2, 3].map((number) => ({ round: number, run: number })));
  });

  it('is counted from one after retryTask, and the failure has the feedback since then only', async () => {
    const { id } = await inReview();
    for (const feedback of ['a', 'b', 'c']) {
      await judge(id, 'REJECTED', { feedback });
      if (feedback !== 'c') await rework();
    }
    await retryTask(services, services.admin, { task: { id } });
    for (const feedback of ['d', 'e']) {
      await rework();
      expect((await judge(id, 'REJECTED', { feedback })).task.status).toBe('ASSIGNED');
    }
    await rework();
    const { task } = await judge(id, 'REJECTED', { feedback: 'f' });
    expect(task).toMatchObject({ status: 'FAILED', reviewRound: 6, reviewCycles: 3 });
    expect(task.failureDetail).toBe('Rejection 1: d\n\nRejection 2: e\n\nRejection 3: f');
  });
});

describe('a late verdict', () => {
  /** Expects the verdict to be stored with its event, and nothing else to have changed. */
  async function expectSuperseded(
    id: string,
    verdict: SubmitVerdict['verdict'],
    round?: number,
  ): Promise<void> {
    const before = await snapshotOf(services, id);
    const events = (await eventsOf(id)).length;
    expect((await judge(id, verdict, { round })).review.superseded).toBe(true);
    const after = await snapshotOf(services, id);
    expect([after?.task, after?.comments, after?.runs]).toEqual([
      before?.task,
      before?.comments,
      before?.runs,
    ]);
    expect((await eventsOf(id)).slice(events).map(({ type }) => type)).toEqual(['review.submitted']);
  }

  it('is superseded on a round that has been judged', async () => {
    const { id } = await inReview();
    await judge(id, 'APPROVED');
    await expectSuperseded(id, 'REJECTED');
    await expectSuperseded(id, 'APPROVED', 1);
  });

  it('is superseded after a cancellation', async () => {
    const { id } = await inReview();
    await cancelTask(services, services.admin, { task: { id } });
    await expectSuperseded(id, 'APPROVED');
  });

  it('is superseded on the old round during the rework and while the next round waits', async () => {
    const { id } = await inReview();
    await judge(id, 'REJECTED');
    await expectSuperseded(id, 'APPROVED', 1);
    const { run } = await claimFor(services, worker);
    await expectSuperseded(id, 'APPROVED', 1);
    await completeTask(services, workerKey, { runId: run?.id, resolution: 'again' });
    await expectSuperseded(id, 'APPROVED', 1);
    expect((await judge(id, 'APPROVED', { round: 2 })).task.status).toBe('DONE');
  });

  it('is stored with the run whose result its round reviews', async () => {
    const { id } = await inReview();
    await judge(id, 'REJECTED');
    const { run } = await claimFor(services, worker);
    const runs = await services.sql<{ id: string }>(
      'SELECT id FROM task_runs WHERE task_id = $1 ORDER BY number',
      [id],
    );
    expect((await judge(id, 'APPROVED', { round: 1 })).review.runId).toBe(runs[0]?.id);
    await completeTask(services, workerKey, { runId: run?.id, resolution: 'again' });
    expect((await judge(id, 'APPROVED', { round: 1 })).review.runId).toBe(runs[0]?.id);
    expect((await judge(id, 'APPROVED')).review.runId).toBe(run?.id);
  });

  it('is refused for a round that does not exist', async () => {
    const { id } = await inReview();
    for (const round of [0, -1, 2, 1_000_000_000]) {
      expect(await namedRefusalsOf(judge(id, 'APPROVED', { round }))).toEqual(['INVALID round']);
    }
  });
});

describe('the reviewer', () => {
  it('is never an agent that worked on the task, named by key or by name, also before a retry', async () => {
    const { id } = await inReview();
    const own = { task: { id }, verdict: 'APPROVED' } as const;
    const before = await snapshotOf(services, id);
    expect(await namedRefusalsOf(submitVerdict(services, workerKey, own))).toEqual(['SELF_REVIEW']);
    const byName = { ...own, reviewer: { name: worker.name } };
    expect(await namedRefusalsOf(submitVerdict(services, services.admin, byName))).toEqual(['SELF_REVIEW']);
    expect(await snapshotOf(services, id)).toEqual(before);
    const next = await anAgent(services);
    await judge(id, 'REJECTED');
    await services.sql('UPDATE tasks SET assignee_id = $1 WHERE id = $2', [next.id, id]);
    const { run } = await claimFor(services, next);
    await completeTask(services, services.admin, { runId: run?.id, resolution: 'better' });
    expect(await namedRefusalsOf(submitVerdict(services, workerKey, own))).toEqual(['SELF_REVIEW']);
  });

  it('is the agent that the operator names, or otherwise the key', async () => {
    const reviewer = await anAgent(services);
    const { id } = await inReview();
    const { review } = await judge(id, 'APPROVED', { reviewer: { name: reviewer.name } });
    expect([review.reviewerAgentId, review.reviewerKeyId]).toEqual([reviewer.id, null]);
    expect(await namedRefusalsOf(judge(id, 'APPROVED', { reviewer: { name: 'nobody' } }))).toEqual([
      'UNKNOWN_AGENT reviewer',
    ]);
  });

  it('must have claimed the round, unless it is the coordinator', async () => {
    const { id } = await inReview();
    const reviewer = await anAgent(services, { role: 'reviewer' });
    const key = await aKeyOf(services, reviewer);
    const verdict = { task: { id }, verdict: 'REJECTED', feedback: 'no' } as const;
    expect(await namedRefusalsOf(submitVerdict(services, key, verdict))).toEqual(['FORBIDDEN task']);
    await claimNextReview(services, key, {}, neverAborted);
    await submitVerdict(services, key, verdict);
    await rework();
    // It has read round 1 and not round 2, so a verdict without a round can't be about round 2.
    expect(await namedRefusalsOf(submitVerdict(services, key, verdict))).toEqual(['FORBIDDEN task']);
    const late = await submitVerdict(services, key, { ...verdict, round: 1 });
    expect(late.review.superseded).toBe(true);
    const coordinator = await aKeyOf(services, await anAgent(services, { name: 'aegis' }));
    const { task } = await submitVerdict(services, coordinator, { ...verdict, verdict: 'APPROVED' });
    expect(task.status).toBe('DONE');
  });
});

describe('a verdict on a task that an agent may not see', () => {
  it.each(['ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'DONE', 'FAILED'] as const)(
    'is refused with NOT_FOUND, without its status: %s',
    async (status) => {
      const { id, number } = await aTaskIn(services, status, worker);
      const stranger = await aKeyOf(services, await anAgent(services, { role: 'coder' }));
      for (const task of [{ id }, { ref: `TASK-${number}` }, { id: 'task_no' }]) {
        const refused = submitVerdict(services, stranger, { task, verdict: 'APPROVED', round: 7 });
        expect(await namedRefusalsOf(refused)).toEqual(['NOT_FOUND task']);
      }
    },
  );

  it('is recorded as late from the coordinator', async () => {
    const { id } = await aTaskIn(services, 'DONE', worker);
    const coordinator = await aKeyOf(services, await anAgent(services, { name: 'aegis' }));
    const { review } = await submitVerdict(services, coordinator, { task: { id }, verdict: 'APPROVED' });
    expect(review.superseded).toBe(true);
  });
});

describe('a verdict with an idempotency key', () => {
  it('is stored once, and a repeat answers the same review', async () => {
    const { id } = await inReview();
    const first = await judge(id, 'REJECTED', { idempotencyKey: 'k' });
    await rework();
    const before = await snapshotOf(services, id);
    const repeat = await judge(id, 'REJECTED', { idempotencyKey: 'k' });
    expect(repeat.review).toEqual(first.review);
    expect(repeat.task.status).toBe('REVIEW');
    expect(await namedRefusalsOf(judge(id, 'APPROVED', { idempotencyKey: 'k' }))).toEqual([
      'IDEMPOTENCY_KEY_REUSED idempotencyKey',
    ]);
    expect(await snapshotOf(services, id)).toEqual(before);
  });
});
