import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent, aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';

let services: TestServices;
let agent: AgentRow;
let key: Viewer;

useServices(async (made) => {
  services = made;
  agent = await anAgent(services);
  key = await aKeyOf(services, agent);
});

/** The agent claims its next task and fails it. */
async function failOnce(error: string) {
  const { run } = await claimFor(services, agent);
  return failTask(services, key, { runId: run?.id, error });
}

describe('a task that its agent fails', () => {
  it('returns to the agent of its pin four times, with the error on the run and in a comment', async () => {
    const { id } = await aTask(services, { assignee: { id: agent.id } });
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      expect(await failOnce(`error ${attempt}`)).toMatchObject({
        id,
        status: 'ASSIGNED',
        assigneeId: agent.id,
        dispatchAttempts: attempt,
        failureReason: null,
      });
    }
    const runs = await services.sql(
      'SELECT number, outcome, error FROM task_runs WHERE task_id = $1 ORDER BY number',
      [id],
    );
    expect(runs).toEqual(
      [1, 2, 3, 4].map((number) => ({ number, outcome: 'FAILED', error: `error ${number}` })),
    );
    const comments = await services.sql<{ body: string }>(
      'SELECT body FROM comments WHERE task_id = $1 ORDER BY id',
      [id],
    );
    expect(comments.map(({ body }) => body)).toEqual(
      [1, 2, 3, 4].map((n) => `Attempt ${n} failed: error ${n}`),
    );
  });

  it('is FAILED at the fifth time', async () => {
    await aTask(services, { assignee: { id: agent.id } });
    for (let attempt = 1; attempt <= 4; attempt += 1) await failOnce('broken');
    const failed = await failOnce('for the last time');
    expect(failed).toMatchObject({
      status: 'FAILED',
      dispatchAttempts: 5,
      failureReason: 'DISPATCH_ATTEMPTS_EXHAUSTED',
      failureDetail: 'for the last time',
      currentRunId: null,
    });
    expect(failed.completedAt).not.toBeNull();
    expect((await claimFor(services, agent)).reason).toBe('NO_TASKS_AVAILABLE');
  });

  it('resets the count after a success', async () => {
    const { id } = await aTask(services, { assignee: { id: agent.id } });
    for (let attempt = 1; attempt <= 4; attempt += 1) await failOnce('broken');
    const { run } = await claimFor(services, agent);
    expect((await completeTask(services, key, { runId: run?.id, resolution: 'ok' })).dispatchAttempts).toBe(
      0,
    );
    const rejection = { task: { id }, verdict: 'REJECTED', feedback: 'no' } as const;
    await submitVerdict(services, services.admin, rejection);
    expect((await failOnce('broken')).dispatchAttempts).toBe(1);
  });

  it('does not count a release', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    const released = await releaseTask(services, key, { runId, reason: 'lunch' });
    expect(released.dispatchAttempts).toBe(0);
    const [run] = await services.sql('SELECT outcome, error FROM task_runs WHERE id = $1', [runId]);
    expect(run).toEqual({ outcome: 'RELEASED', error: 'lunch' });
    expect((await claimFor(services, agent)).task?.id).toBe(task.id);
  });

  it('is FAILED at once if retry is false, by the agent or by an operator', async () => {
    const byAgent = await aClaimedTask(services, agent);
    const byOperator = await aClaimedTask(services, agent);
    const end = { error: 'impossible', retry: false };
    expect(await failTask(services, key, { runId: byAgent.runId, ...end })).toMatchObject({
      status: 'FAILED',
      failureReason: 'FAILED_BY_AGENT',
      failureDetail: 'impossible',
    });
    const named = { task: { id: byOperator.task.id }, ...end };
    expect(await failTask(services, services.admin, named)).toMatchObject({
      status: 'FAILED',
      failureReason: 'FAILED_BY_OPERATOR',
    });
  });
});

describe('a retry', () => {
  it('resets all three counters and the outcome of the task, and keeps its history', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await failTask(services, key, { runId, error: 'impossible', retry: false });
    await services.sql(
      'UPDATE tasks SET review_cycles = 2, stale_requeues = 5, review_round = 2 WHERE id = $1',
      [task.id],
    );
    const retried = await retryTask(services, services.admin, { task: { id: task.id } });
    expect(retried).toMatchObject({
      status: 'ASSIGNED',
      assigneeId: agent.id,
      dispatchAttempts: 0,
      reviewCycles: 0,
      staleRequeues: 0,
      failureReason: null,
      failureDetail: null,
      completedAt: null,
      startedAt: null,
      reviewRound: 2,
      runCount: 1,
    });
    const again = await claimFor(services, agent);
    expect([again.task?.id, again.run?.number]).toEqual([task.id, 2]);
  });
});
