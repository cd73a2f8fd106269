import { describe, expect, it } from 'vitest';
import { inTransaction } from '../../../src/postgres/transaction.js';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { type ClaimedReview, claimNextReview } from '../../../src/services/reviews/claim-next-review.js';
import { releaseReview } from '../../../src/services/reviews/release-review.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { openReviewRun } from '../../../src/store/reviews/reviews.js';
import { clearTasks, neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;
let worker: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  worker = await anAgent(services);
});

const aReviewer = () => anAgent(services, { role: 'reviewer' });
const inReview = () => aTaskIn(services, 'REVIEW', worker);
const claim = (agent: AgentRow, process = services, lease?: number): Promise<ClaimedReview> =>
  claimNextReview(process, process.admin, { agent: { id: agent.id }, lease }, neverAborted);
const announced = async (agent: AgentRow) =>
  (await services.sql('SELECT announced_status FROM agents WHERE id = $1', [agent.id]))[0]?.announced_status;
const NOTHING = { task: null, round: null, runId: null, prompt: null, leaseExpiresAt: null };

describe('a claim of a review', () => {
  it('hands out a round with a lease and the review prompt', async () => {
    const reviewer = await aReviewer();
    const { id, number } = await inReview();
    const claimed = await claim(reviewer, services, 60_000);
    expect(claimed).toMatchObject({ task: { id, status: 'REVIEW' }, round: 1 });
    expect(claimed.prompt).toContain(`Review of TASK-${number}`);
    const [run] = await services.sql(
      `SELECT agent_id, round, outcome, lease_ms, prompt, lease_expires_at - started_at = interval '60 s' AS leased FROM review_runs WHERE task_id = $1`,
      [id],
    );
    expect(run).toEqual({
      agent_id: reviewer.id,
      round: 1,
      outcome: 'RUNNING',
      lease_ms: 60_000,
      prompt: claimed.prompt,
      leased: true,
    });
    const [event] = await services.sql(
      "SELECT task_id, agent_id, payload FROM events WHERE type = 'review.claimed' ORDER BY id DESC LIMIT 1",
    );
    expect(event).toEqual({ task_id: id, agent_id: reviewer.id, payload: { round: 1 } });
  });

  it('follows the queue order, and then the time at which the task went into review', async () => {
    const made = [await inReview(), await inReview(), await inReview(), await inReview()];
    const [plain, late, urgent, due] = made;
    await services.sql("UPDATE tasks SET priority = 'MEDIUM'");
    await services.sql("UPDATE tasks SET priority = 'CRITICAL' WHERE id = $1", [urgent?.id]);
    await services.sql("UPDATE tasks SET due_at = '2040-01-01' WHERE id = $1", [due?.id]);
    await services.sql("UPDATE tasks SET status_at = now() + interval '1 h' WHERE id = $1", [late?.id]);
    const claimed: unknown[] = [];
    for (const _ of made) claimed.push((await claim(await aReviewer())).task?.id);
    expect(claimed).toEqual([urgent?.id, due?.id, plain?.id, late?.id]);
  });

  it('never hands out the work of the reviewer itself, not even of an earlier round', async () => {
    const reviewer = await aReviewer();
    const { task, runId } = await aClaimedTask(services, reviewer);
    await completeTask(services, services.admin, { runId, resolution: 'mine' });
    expect(await claim(reviewer)).toEqual(NOTHING);
    await services.sql('UPDATE tasks SET assignee_id = $1 WHERE id = $2', [worker.id, task.id]);
    expect(await claim(reviewer)).toEqual(NOTHING);
    expect((await claim(await aReviewer())).task?.id).toBe(task.id);
  });

  it('gives a reviewer the round that it holds, with a new lease, and another one after its verdict', async () => {
    const reviewer = await aReviewer();
    const [first, second] = [await inReview(), await inReview()];
    const claimed = await claim(reviewer);
    await services.sql("UPDATE review_runs SET lease_expires_at = now() - interval '1 min'");
    const again = await claim(reviewer, other, 120_000);
    expect([again.task?.id, again.round, again.prompt]).toEqual([first.id, 1, claimed.prompt]);
    const [run] = await services.sql(
      "SELECT count(*)::int AS runs, min(lease_expires_at - now()) > interval '100 s' AS renewed FROM review_runs",
    );
    expect(run).toEqual({ runs: 1, renewed: true });
    await submitVerdict(services, await aKeyOf(services, reviewer), {
      task: { id: first.id },
      verdict: 'APPROVED',
    });
    expect((await claim(reviewer)).task?.id).toBe(second.id);
  });

  it('gives a paused reviewer the round that it holds, and no new one', async () => {
    const reviewer = await aReviewer();
    const { id } = await inReview();
    await claim(reviewer);
    await inReview();
    await pauseAgent(services, services.admin, { id: reviewer.id });
    expect((await claim(reviewer)).task?.id).toBe(id);
    const idle = await aReviewer();
    await pauseAgent(services, services.admin, { id: idle.id });
    expect(await claim(idle)).toEqual(NOTHING);
  });

  it('is allowed to the coordinator and to agents with the role reviewer', async () => {
    const coder = await anAgent(services, { role: 'coder' });
    expect(await namedRefusalsOf(claim(coder))).toEqual(['FORBIDDEN agent']);
    expect(await claim(await anAgent(services, { name: 'aegis', role: 'coder' }))).toEqual(NOTHING);
    const key = await aKeyOf(services, await aReviewer());
    expect(await claimNextReview(services, key, {}, neverAborted)).toEqual(NOTHING);
    const foreign = claimNextReview(services, key, { agent: { id: coder.id } }, neverAborted);
    expect(await namedRefusalsOf(foreign)).toEqual(['FORBIDDEN agent']);
    expect(await namedRefusalsOf(claim(coder, services, 1))).toEqual(['INVALID lease']);
  });
});

describe('a reviewer', () => {
  it.each([
    ['it gives its verdict', 'SUCCEEDED', true],
    ['another reviewer gives a verdict', 'SUCCEEDED', false],
    ['the task is cancelled', 'CANCELLED', null],
  ] as const)('is BUSY until %s', async (_, outcome, own) => {
    const reviewer = await aReviewer();
    const { id } = await inReview();
    expect(await announced(reviewer)).toBe('IDLE');
    await claim(reviewer);
    expect(await announced(reviewer)).toBe('BUSY');
    const viewer = own === true ? await aKeyOf(services, reviewer) : services.admin;
    if (own === null) await cancelTask(services, viewer, { task: { id } });
    else await submitVerdict(services, viewer, { task: { id }, verdict: 'REJECTED', feedback: 'no' });
    expect(await announced(reviewer)).toBe('IDLE');
    const [run] = await services.sql('SELECT outcome, lease_expires_at FROM review_runs WHERE task_id = $1', [
      id,
    ]);
    expect(run).toEqual({ outcome, lease_expires_at: null });
  });
});

describe('concurrent claims of reviews', () => {
  it('never give the same round to two reviewers, on two processes', async () => {
    const reviewers = await Promise.all(Array.from({ length: 8 }, () => aReviewer()));
    for (let round = 0; round < 5; round += 1) {
      const tasks = [
        await inReview(),
        await inReview(),
        await inReview(),
        await inReview(),
        await inReview(),
      ];
      const claims = await Promise.all(reviewers.map((agent, i) => claim(agent, i % 2 ? services : other)));
      const ids = claims.flatMap(({ task }) => task?.id ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      // A claim may have found every row locked by others. A further claim finds what is left.
      const rest = await Promise.all(reviewers.map((agent) => claim(agent)));
      const held = new Set(rest.flatMap(({ task }) => task?.id ?? []));
      expect(held).toEqual(new Set(tasks.map(({ id }) => id)));
      await clearTasks(services);
    }
  });

  it('leave a round to the reviewer that took it after another one had read it', async () => {
    const [first, late] = [await aReviewer(), await aReviewer()];
    const { id } = await inReview();
    const run = { taskId: id, round: 1, leaseMs: 60_000, prompt: 'x' };
    const open = (runId: string, agentId: string) =>
      inTransaction(services.database, (tx) => openReviewRun(tx, { ...run, id: runId, agentId }));
    expect((await open('rvr_1', first.id))?.agentId).toBe(first.id);
    expect(await open('rvr_2', late.id)).toBeNull();
  });

  it('of one reviewer give it one round', async () => {
    for (let round = 0; round < 6; round += 1) {
      const reviewer = await aReviewer();
      for (let i = 0; i < 3; i += 1) await inReview();
      const claims = await Promise.all([
        claim(reviewer),
        claim(reviewer, other),
        claim(reviewer),
        claim(reviewer, other),
      ]);
      expect(new Set(claims.map(({ task }) => task?.id)).size).toBe(1);
      await clearTasks(services);
    }
  });
});

describe('the release of a claimed review', () => {
  it('gives the round back to any reviewer, and is answered again', async () => {
    const reviewer = await aReviewer();
    const { id } = await inReview();
    const { runId } = await claim(reviewer);
    const viewer = await aKeyOf(services, reviewer);
    const release = () => releaseReview(services, viewer, { runId: runId ?? '', reason: 'No time' });
    expect(await release()).toMatchObject({ id, status: 'REVIEW' });
    expect(await release()).toMatchObject({ id, status: 'REVIEW' });
    const events = await services.sql(
      "SELECT payload FROM events WHERE task_id = $1 AND type = 'review.requeued'",
      [id],
    );
    expect(events).toEqual([{ payload: { round: 1, reason: 'No time', reviewRunId: runId } }]);
    const again = await claim(reviewer);
    expect(again).toMatchObject({ task: { id }, round: 1 });
    expect(again.runId).not.toBe(runId);
  });

  it('is refused to another agent, after the verdict, and with an agent to pass it to', async () => {
    const reviewer = await aReviewer();
    const { id } = await inReview();
    const runId = (await claim(reviewer)).runId ?? '';
    const release = async (agent: AgentRow, more = {}) =>
      releaseReview(services, await aKeyOf(services, agent), { runId, ...more });
    await expect(release(await aReviewer())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(release(reviewer, { pass: true })).rejects.toMatchObject({ code: 'INVALID' });
    await submitVerdict(services, services.admin, { task: { id }, verdict: 'APPROVED' });
    await expect(release(reviewer)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });
});
