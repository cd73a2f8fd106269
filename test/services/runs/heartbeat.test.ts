import { describe, expect, it, vi } from 'vitest';
import { SYSTEM } from '../../../src/domain/actor.js';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { disconnectAgent } from '../../../src/services/agents/disconnect-agent.js';
import { moveTask } from '../../../src/services/moves/move-task.js';
import { claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { releaseStaleReviews } from '../../../src/services/reviews/release-stale-reviews.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { lockTask } from '../../../src/store/tasks/tasks.js';
import { neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;

useServices((made) => {
  services = made;
});

const endAllLeases = () =>
  services.sql("UPDATE task_runs SET lease_expires_at = now() - interval '1 h' WHERE outcome = 'RUNNING'");

describe('a heartbeat', () => {
  it('renews every lease that the agent holds, on tasks and on reviews, and no other', async () => {
    const agent = await anAgent(services, { role: 'reviewer' });
    const other = await anAgent(services);
    const held = [await aClaimedTask(services, agent, {}), await aClaimedTask(services, agent)];
    const foreign = await aClaimedTask(services, other);
    await aTaskIn(services, 'REVIEW', other);
    await claimNextReview(services, services.admin, { agent: { id: agent.id }, lease: 10_000 }, neverAborted);
    await endAllLeases();
    const { runs, lostRuns } = await heartbeat(services, services.admin, { agent: { id: agent.id } });
    expect(runs.map(({ id }) => id).sort()).toEqual(held.map(({ runId }) => runId).sort());
    expect(runs.map(({ leaseMs }) => leaseMs)).toEqual([600_000, 600_000]);
    expect(lostRuns).toEqual([]);
    const live = await services.sql<{ id: string }>(
      'SELECT id FROM task_runs WHERE lease_expires_at > now()',
    );
    expect(live.map(({ id }) => id)).not.toContain(foreign.runId);
    const asked = await heartbeat(services, services.admin, { agent: { id: agent.id }, lease: 30_000 });
    expect(asked.runs.map(({ leaseMs }) => leaseMs)).toEqual([30_000, 30_000]);
    const [review] = await services.sql('SELECT lease_ms FROM review_runs WHERE agent_id = $1', [agent.id]);
    expect(review).toEqual({ lease_ms: 30_000 });
  });

  it('renews only the named leases with onlyRunIds, so that it keeps no run of another process alive', async () => {
    const agent = await anAgent(services, { role: 'reviewer' });
    const other = await anAgent(services);
    const mine = await aClaimedTask(services, agent);
    const ofAnotherProcess = await aClaimedTask(services, agent);
    const foreign = await aClaimedTask(services, other);
    await aTaskIn(services, 'REVIEW', other);
    const asked = { agent: { id: agent.id }, lease: 10_000 };
    const { runId: reviewId } = await claimNextReview(services, services.admin, asked, neverAborted);
    await endAllLeases();
    const beat = (runIds?: string[]) =>
      heartbeat(services, services.admin, {
        agent: { id: agent.id },
        ...{ lease: 30_000, onlyRunIds: true, runIds },
      });
    expect((await beat([mine.runId, foreign.runId])).runs.map(({ id }) => id)).toEqual([mine.runId]);
    expect((await beat()).runs).toEqual([]);
    const live = await services.sql<{ id: string }>(
      'SELECT id FROM task_runs WHERE lease_expires_at > now()',
    );
    expect(live.map(({ id }) => id)).toContain(mine.runId);
    expect(live.map(({ id }) => id)).not.toContain(ofAnotherProcess.runId);
    expect(live.map(({ id }) => id)).not.toContain(foreign.runId);
    const [review] = await services.sql('SELECT lease_ms FROM review_runs WHERE agent_id = $1', [agent.id]);
    expect(review).toEqual({ lease_ms: 10_000 });
    await beat([reviewId!]);
    const [renewed] = await services.sql('SELECT lease_ms FROM review_runs WHERE agent_id = $1', [agent.id]);
    expect(renewed).toEqual({ lease_ms: 30_000 });
  });

  it('updates the last sighting of the agent', async () => {
    const agent = await anAgent(services);
    await services.sql("UPDATE agents SET last_seen_at = now() - interval '1 day' WHERE id = $1", [agent.id]);
    const before = Date.now();
    const { agent: seen } = await heartbeat(services, await aKeyOf(services, agent), {});
    expect(Number(seen.lastSeenAt)).toBeGreaterThanOrEqual(before - 1_000);
    expect(seen.lastHeartbeatAt).toEqual(seen.lastSeenAt);
    expect(seen.version).toBe(agent.version);
  });

  it('reports the runs that others ended, with the reason, and none that the agent ended itself', async () => {
    const agent = await anAgent(services);
    const claims: { readonly task: TaskRow; readonly runId: string }[] = [];
    for (let index = 0; index < 6; index += 1) claims.push(await aClaimedTask(services, agent));
    const [kept, cancelled, completed, failed, released, succeeded] = claims;
    const task = (claim: (typeof claims)[number] | undefined) => ({ task: { id: claim!.task.id } });
    const { admin } = services;
    await cancelTask(services, admin, { ...task(cancelled), reason: 'Too late.' });
    await completeTask(services, admin, { ...task(completed), resolution: 'by hand' });
    await failTask(services, admin, { ...task(failed), error: 'wrong tool' });
    await releaseTask(services, admin, { runId: released!.runId });
    await completeTask(services, admin, { runId: succeeded!.runId, resolution: 'ok' });
    const beat = (runIds?: string[]) => heartbeat(services, admin, { agent: { id: agent.id }, runIds });
    const first = await beat();
    const told = first.lostRuns.map(({ id, outcome, lostReason }) => [id, outcome, lostReason]);
    expect(told).toEqual([
      [failed!.runId, 'FAILED', 'An operator failed the attempt. wrong tool'],
      [completed!.runId, 'SUCCEEDED', 'An operator completed the task.'],
      [cancelled!.runId, 'CANCELLED', 'The task was cancelled. Too late.'],
    ]);
    expect(first.runs.map(({ id }) => id)).toEqual([kept!.runId]);
    expect((await beat()).lostRuns).toEqual(first.lostRuns);
    const named = await beat([kept!.runId, completed!.runId]);
    expect(named.lostRuns.map(({ id }) => id)).toEqual([completed!.runId]);
    expect((await beat([kept!.runId])).lostRuns).toEqual([]);
    await services.sql(
      "UPDATE task_runs SET finished_at = finished_at - interval '61 min' WHERE agent_id = $1",
      [agent.id],
    );
    expect((await beat()).lostRuns).toEqual([]);
  });

  it('reports the review rounds that others took or ended, and none that the reviewer judged itself', async () => {
    const reviewer = await anAgent(services, { role: 'reviewer' });
    const { admin } = services;
    const claim = async () => {
      await aTaskIn(services, 'REVIEW', await anAgent(services));
      const claimed = await claimNextReview(services, admin, { agent: { id: reviewer.id } }, neverAborted);
      if (claimed.task === null || claimed.runId === null) throw new Error('no round to review');
      return { task: claimed.task, runId: claimed.runId };
    };
    const beat = (runIds?: string[]) => heartbeat(services, admin, { agent: { id: reviewer.id }, runIds });
    const judge = (task: TaskRow, verdict: 'APPROVED' | 'REJECTED', more = {}) =>
      submitVerdict(services, admin, { task: { id: task.id }, verdict, ...more });

    const own = await claim();
    await judge(own.task, 'APPROVED', { reviewer: { id: reviewer.id } });
    expect((await beat()).lostRuns).toEqual([]);

    const cancelled = await claim();
    await cancelTask(services, admin, { task: { id: cancelled.task.id }, reason: 'Too late.' });
    const approved = await claim();
    await judge(approved.task, 'APPROVED');
    const rejected = await claim();
    await judge(rejected.task, 'REJECTED', { feedback: 'no tests' });
    const stale = await claim();
    await services.sql(
      "UPDATE review_runs SET lease_expires_at = now() - interval '1 h' WHERE outcome = 'RUNNING'",
    );
    await releaseStaleReviews(services);
    const left = await claim();
    await disconnectAgent(services, admin, { id: reviewer.id });

    const told = (await beat()).lostRuns;
    expect(
      told.map(({ id, taskId, round, outcome, lostReason }) => [id, taskId, round, outcome, lostReason]),
    ).toEqual([
      [left.runId, left.task.id, 1, 'RELEASED', 'An operator disconnected the agent.'],
      [stale.runId, stale.task.id, 1, 'REQUEUED', expect.stringContaining('lease')],
      [
        rejected.runId,
        rejected.task.id,
        1,
        'SUCCEEDED',
        'Another reviewer or an operator rejected the work. no tests',
      ],
      [
        approved.runId,
        approved.task.id,
        1,
        'SUCCEEDED',
        'Another reviewer or an operator approved the work.',
      ],
      [cancelled.runId, cancelled.task.id, 1, 'CANCELLED', 'The task was cancelled. Too late.'],
    ]);
    expect((await beat([approved.runId])).lostRuns).toEqual(told.filter(({ id }) => id === approved.runId));
    const worker = { id: approved.task.assigneeId! };
    expect((await heartbeat(services, admin, { agent: worker })).lostRuns).toEqual([]);
    await services.sql("UPDATE review_runs SET finished_at = finished_at - interval '61 min'");
    expect((await beat()).lostRuns).toEqual([]);
  });

  it('names a run whose requeue began before the last heartbeat and committed after it', async () => {
    const agent = await anAgent(services);
    const { task, runId } = await aClaimedTask(services, agent);
    const beat = () => heartbeat(services, services.admin, { agent: { id: agent.id } });
    await inTransaction(services.database, async (tx) => {
      // now() is constant in this transaction, and what follows must be later by the clock.
      await vi.waitFor(async () => {
        const clock = await tx.one({ text: "SELECT clock_timestamp() > now() + interval '5 ms' AS moved" });
        expect(clock).toEqual({ moved: true });
      }, 20_000);
      expect((await beat()).lostRuns.map(({ id }) => id)).toEqual([]);
      const locked = await lockTask(tx, { id: task.id });
      if (locked === null) throw new Error('no task');
      await moveTask(tx, locked, { to: 'CANCELLED', verb: 'cancel', actor: SYSTEM });
    });
    expect((await beat()).lostRuns.map(({ id }) => id)).toEqual([runId]);
  });

  it('is refused for another agent and for an unknown one', async () => {
    const agent = await anAgent(services);
    const key = await aKeyOf(services, await anAgent(services));
    expect(await namedRefusalsOf(heartbeat(services, key, { agent: { id: agent.id } }))).toEqual([
      'FORBIDDEN agent',
    ]);
    expect(await namedRefusalsOf(heartbeat(services, services.admin, { agent: { name: 'no' } }))).toEqual([
      'UNKNOWN_AGENT agent',
    ]);
    expect(await namedRefusalsOf(heartbeat(services, services.admin, {}))).toEqual(['INVALID agent']);
    const short = heartbeat(services, services.admin, { agent: { id: agent.id }, lease: 1 });
    expect(await namedRefusalsOf(short)).toEqual(['INVALID lease']);
  });
});
