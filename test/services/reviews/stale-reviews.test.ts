import { describe, expect, it } from 'vitest';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { releaseStaleReviews } from '../../../src/services/reviews/release-stale-reviews.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { endReviewLease, eventsOf, setLastSeen } from '../../support/factories/aging.js';
import { neverAborted } from '../../support/factories/claims.js';
import { anAgent, aTaskIn } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
useServices((made) => {
  services = made;
});

const claimReview = (agentId: string) =>
  claimNextReview(services, services.admin, { agent: { id: agentId } }, neverAborted);
const reviewRunsOf = (taskId: string) =>
  services.sql('SELECT agent_id, outcome FROM review_runs WHERE task_id = $1 ORDER BY started_at, id', [
    taskId,
  ]);

async function aStaleReview() {
  await aTaskIn(services, 'REVIEW', await anAgent(services));
  const reviewer = await anAgent(services, { role: 'reviewer' });
  const { task, round } = await claimReview(reviewer.id);
  if (task === null) throw new Error('there was no round to claim');
  await endReviewLease(services, task.id);
  return { task, reviewer, round };
}

describe('a review whose lease has ended', () => {
  it('is requeued when its reviewer is offline; the task stays in REVIEW and another reviewer gets the round', async () => {
    const { task, reviewer, round } = await aStaleReview();
    await setLastSeen(services, reviewer.id);
    expect((await releaseStaleReviews(services)).handled).toBe(1);
    expect(await eventsOf(services, task.id, ['review.requeued'])).toMatchObject([
      {
        agent_id: reviewer.id,
        payload: { round, reason: expect.stringContaining(`${reviewer.name} has been silent`) },
      },
    ]);
    const [stored] = await services.sql('SELECT status, version FROM tasks WHERE id = $1', [task.id]);
    expect(stored).toEqual({ status: 'REVIEW', version: task.version });

    const other = await anAgent(services, { role: 'reviewer' });
    expect(await claimReview(other.id)).toMatchObject({ task: { id: task.id }, round });
    expect(await reviewRunsOf(task.id)).toEqual([
      { agent_id: reviewer.id, outcome: 'REQUEUED' },
      { agent_id: other.id, outcome: 'RUNNING' },
    ]);
    const judged = await submitVerdict(services, services.admin, {
      task: { id: task.id },
      verdict: 'APPROVED',
      reviewer: { id: other.id },
    });
    expect(judged.task.status).toBe('DONE');
  });

  it('can be claimed again by the same reviewer when it returns', async () => {
    const { task, reviewer, round } = await aStaleReview();
    await setLastSeen(services, reviewer.id);
    await releaseStaleReviews(services);
    const again = await claimReview(reviewer.id);
    expect(again).toMatchObject({ task: { id: task.id }, round });
    expect(again.leaseExpiresAt!.getTime()).toBeGreaterThan(Date.now());
    await submitVerdict(services, services.admin, { task: { id: task.id }, verdict: 'APPROVED' });
  });

  it('stays with a live reviewer for one grace period, and a heartbeat renews it', async () => {
    const { task, reviewer } = await aStaleReview();
    const { handled, nextInMs } = await releaseStaleReviews(services);
    expect(handled).toBe(0);
    expect(nextInMs).toBeLessThanOrEqual(10_000);
    await heartbeat(services, services.admin, { agent: { id: reviewer.id } });
    await setLastSeen(services, reviewer.id);
    expect((await releaseStaleReviews(services)).handled).toBe(0);
    await heartbeat(services, services.admin, { agent: { id: reviewer.id } });
    await endReviewLease(services, task.id, 600_000);
    expect((await releaseStaleReviews(services)).handled).toBe(1);
    expect((await releaseStaleReviews(services)).handled).toBe(0);
    expect(await reviewRunsOf(task.id)).toEqual([{ agent_id: reviewer.id, outcome: 'REQUEUED' }]);
    await submitVerdict(services, services.admin, { task: { id: task.id }, verdict: 'APPROVED' });
  });

  it('leaves an event that its reviewer is OFFLINE', async () => {
    const { task, reviewer } = await aStaleReview();
    await setLastSeen(services, reviewer.id);
    await releaseStaleReviews(services);
    await submitVerdict(services, services.admin, { task: { id: task.id }, verdict: 'APPROVED' });
    const events = await services.sql(
      `SELECT payload FROM events WHERE agent_id = $1 AND type = 'agent.status_changed' ORDER BY id`,
      [reviewer.id],
    );
    expect(events.at(-1)).toEqual({ payload: { from: 'BUSY', to: 'OFFLINE' } });
  });

  it('ends by the verdict or by the requeue, never by both, when they are concurrent', async () => {
    const reviews: Awaited<ReturnType<typeof aStaleReview>>[] = [];
    for (let i = 0; i < 12; i += 1) {
      const review = await aStaleReview();
      await setLastSeen(services, review.reviewer.id);
      reviews.push(review);
    }
    await Promise.all([
      releaseStaleReviews(services),
      ...reviews.map(({ task, reviewer }) =>
        submitVerdict(services, services.admin, {
          task: { id: task.id },
          verdict: 'APPROVED',
          reviewer: { id: reviewer.id },
        }),
      ),
      releaseStaleReviews(services),
    ]);
    for (const { task, reviewer } of reviews) {
      const requeued = await eventsOf(services, task.id, ['review.requeued']);
      const outcome = requeued.length === 1 ? 'REQUEUED' : 'SUCCEEDED';
      expect(await reviewRunsOf(task.id)).toEqual([{ agent_id: reviewer.id, outcome }]);
      const [stored] = await services.sql('SELECT status FROM tasks WHERE id = $1', [task.id]);
      expect(stored).toEqual({ status: 'DONE' });
    }
  });
});
