import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { renewLease, reportProgress } from '../../../src/services/runs/renew-lease.js';
import { addComment } from '../../../src/services/tasks/add-comment.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { updateTask } from '../../../src/services/tasks/update-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent } from '../../support/factories/factory.js';
import { namedRefusalsOf } from '../../support/factories/refusals.js';
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

/** The services that take a run id. */
const VERBS = {
  complete: (viewer: Viewer, runId: string) => completeTask(services, viewer, { runId, resolution: 'done' }),
  fail: (viewer: Viewer, runId: string) => failTask(services, viewer, { runId, error: 'broken' }),
  'fail for good': (viewer: Viewer, runId: string) =>
    failTask(services, viewer, { runId, error: 'broken', retry: false }),
  release: (viewer: Viewer, runId: string) => releaseTask(services, viewer, { runId }),
  progress: (viewer: Viewer, runId: string) =>
    reportProgress(services, viewer, { runId, message: 'half', percent: 50 }),
  renew: (viewer: Viewer, runId: string) => renewLease(services, viewer, { runId, lease: 20_000 }),
};

describe.each(Object.entries(VERBS))('%s', (name, use) => {
  it('is allowed with the open run, even if its lease has ended', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await services.sql("UPDATE task_runs SET lease_expires_at = now() - interval '1 h' WHERE id = $1", [
      runId,
    ]);
    await use(key, runId);
    const stillHeld = name === 'progress' || name === 'renew';
    const [row] = await services.sql('SELECT current_run_id FROM tasks WHERE id = $1', [task.id]);
    expect(row).toEqual({ current_run_id: stillHeld ? runId : null });
  });

  it('changes nothing once the run has ended, and is refused with LEASE_LOST', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await releaseTask(services, key, { runId, reason: 'not mine' });
    const before = await snapshotOf(services, task.id);
    expect(await namedRefusalsOf(use(key, runId))).toEqual(['LEASE_LOST runId']);
    expect(await snapshotOf(services, task.id)).toEqual(before);
  });

  it('changes nothing once the task was cancelled', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await cancelTask(services, services.admin, { task: { id: task.id } });
    const before = await snapshotOf(services, task.id);
    expect(await namedRefusalsOf(use(key, runId))).toEqual(['LEASE_LOST runId']);
    expect(await snapshotOf(services, task.id)).toEqual(before);
  });

  it('changes nothing once another run holds the task, of another agent or of the same one', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await releaseTask(services, key, { runId, reason: 'not mine' });
    const again = await claimFor(services, agent);
    expect(again.task?.id).toBe(task.id);
    const before = await snapshotOf(services, task.id);
    expect(await namedRefusalsOf(use(key, runId))).toEqual(['LEASE_LOST runId']);
    expect(await namedRefusalsOf(use(services.admin, runId))).toEqual(['LEASE_LOST runId']);
    expect(await snapshotOf(services, task.id)).toEqual(before);
  });

  it('is refused for runs of other agents and for unknown runs', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    const stranger = await aKeyOf(services, await anAgent(services));
    const before = await snapshotOf(services, task.id);
    for (const id of [
      runId,
      'run_00000000000000000000000000',
      '',
      '\u0000',
      "' OR true --",
      'x'.repeat(10_000),
    ]) {
      expect(await namedRefusalsOf(use(stranger, id))).toEqual(['NOT_FOUND runId']);
    }
    expect(await snapshotOf(services, task.id)).toEqual(before);
  });
});

describe('completeTask', () => {
  it('ends the run with its output and usage, requests a review and resets the dispatch counter', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await services.sql('UPDATE tasks SET dispatch_attempts = 4, stale_requeues = 3 WHERE id = $1', [task.id]);
    const usage = { inputTokens: 1_000_000_000, outputTokens: 0, costUsd: 0.25 };
    const completed = await completeTask(services, key, { runId, resolution: 'It is done.', usage });
    expect(completed).toMatchObject({
      status: 'REVIEW',
      resolution: 'It is done.',
      assigneeId: agent.id,
      currentRunId: null,
      reviewRound: 1,
      dispatchAttempts: 0,
      staleRequeues: 3,
      unreviewed: false,
      completedAt: null,
    });
    const [run] = await services.sql(
      `SELECT outcome, output, input_tokens, output_tokens, cost_usd, lease_expires_at FROM task_runs WHERE id = $1`,
      [runId],
    );
    expect(run).toMatchObject({
      outcome: 'SUCCEEDED',
      output: 'It is done.',
      input_tokens: 1_000_000_000,
      output_tokens: 0,
      cost_usd: 0.25,
      lease_expires_at: null,
    });
    const events = await services.sql<{ type: string }>(
      'SELECT type FROM events WHERE task_id = $1 ORDER BY id DESC LIMIT 3',
      [task.id],
    );
    expect(events.map(({ type }) => type).reverse()).toEqual([
      'run.succeeded',
      'task.completed',
      'review.requested',
    ]);
  });

  it('ends the task DONE and unreviewed if the review policy is SKIP', async () => {
    const { runId } = await aClaimedTask(services, agent, { reviewPolicy: 'SKIP' });
    const completed = await completeTask(services, key, { runId, resolution: 'ok' });
    expect(completed).toMatchObject({ status: 'DONE', unreviewed: true, reviewRound: 0 });
    expect(completed.completedAt).not.toBeNull();
  });

  it('is allowed to an operator who names the task, and to no agent without its run', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    const named = { task: { ref: `TASK-${task.number}` }, resolution: 'by hand' };
    expect(await namedRefusalsOf(completeTask(services, key, named))).toEqual(['FORBIDDEN task']);
    expect(await namedRefusalsOf(failTask(services, key, { task: { id: task.id }, error: 'x' }))).toEqual([
      'FORBIDDEN task',
    ]);
    expect((await completeTask(services, services.admin, named)).status).toBe('REVIEW');
    const [run] = await services.sql('SELECT outcome FROM task_runs WHERE id = $1', [runId]);
    expect(run).toEqual({ outcome: 'SUCCEEDED' });
  });

  it('takes either a run or a task', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    for (const named of [{}, { runId, task: { id: task.id } }, { runId: null, task: null }]) {
      const refused = ['INVALID runId'];
      expect(await namedRefusalsOf(completeTask(services, key, { ...named, resolution: 'x' }))).toEqual(
        refused,
      );
      expect(await namedRefusalsOf(failTask(services, key, { ...named, error: 'x' }))).toEqual(refused);
    }
    expect(
      await namedRefusalsOf(
        completeTask(services, services.admin, { task: { ref: 'TASK-999999' }, resolution: 'x' }),
      ),
    ).toEqual(['NOT_FOUND task']);
  });

  it('takes effect once under one idempotency key, in any later state of the task', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    const input = { runId, resolution: 'ok', idempotencyKey: 'k' };
    await completeTask(services, key, input);
    expect((await completeTask(services, key, input)).status).toBe('REVIEW');
    await cancelTask(services, services.admin, { task: { id: task.id } });
    const before = await snapshotOf(services, task.id);
    expect((await completeTask(services, key, input)).status).toBe('CANCELLED');
    expect(await namedRefusalsOf(completeTask(services, key, { ...input, resolution: 'other' }))).toEqual([
      'IDEMPOTENCY_KEY_REUSED idempotencyKey',
    ]);
    expect(await snapshotOf(services, task.id)).toEqual(before);
  });

  it('stores no idempotency key when it is refused', async () => {
    const { runId } = await aClaimedTask(services, agent);
    await releaseTask(services, key, { runId });
    const refused = completeTask(services, key, { runId, resolution: 'ok', idempotencyKey: 'free' });
    expect(await namedRefusalsOf(refused)).toEqual(['LEASE_LOST runId']);
    const again = await claimFor(services, agent);
    const input = { runId: again.run?.id, resolution: 'ok', idempotencyKey: 'free' };
    expect((await completeTask(services, key, input)).status).toBe('REVIEW');
  });
});

describe('a lease', () => {
  const leaseOf = async (id: string) =>
    (
      await services.sql(
        'SELECT lease_ms, lease_expires_at, lease_expiry_noted_at FROM task_runs WHERE id = $1',
        [id],
      )
    )[0];

  it('is renewed from now, with the requested length or its former one', async () => {
    const { runId } = await aClaimedTask(services, agent);
    await services.sql(
      "UPDATE task_runs SET lease_expires_at = now() - interval '1 h', lease_expiry_noted_at = now() WHERE id = $1",
      [runId],
    );
    const longer = await renewLease(services, key, { runId, lease: 3_600_000 });
    expect(longer.leaseMs).toBe(3_600_000);
    expect(longer.leaseExpiryNotedAt).toBeNull();
    const [row] = await services.sql(
      "SELECT lease_expires_at BETWEEN now() + interval '59 min' AND now() + interval '1 h' AS renewed FROM task_runs WHERE id = $1",
      [runId],
    );
    expect(row).toEqual({ renewed: true });
    expect((await renewLease(services, key, { runId })).leaseMs).toBe(3_600_000);
  });

  it('is not extended by progress, an edit or a comment', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    const before = await leaseOf(runId);
    await reportProgress(services, key, { runId, message: 'half way', percent: 50 });
    await updateTask(services, services.admin, { task: { id: task.id }, title: 'renamed' });
    await addComment(services, key, { task: { id: task.id }, body: 'still at it' });
    expect(await leaseOf(runId)).toEqual(before);
  });
});

describe('progress', () => {
  it('keeps the last percentage if none is given, and writes an event each time', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await reportProgress(services, key, { runId, message: 'begun', percent: 0 });
    await reportProgress(services, key, { runId, message: 'half', percent: 50 });
    const run = await reportProgress(services, key, { runId, message: 'stuck' });
    expect(run).toMatchObject({ progress: 'stuck', progressPercent: 50 });
    const events = await services.sql<{ payload: unknown }>(
      "SELECT payload FROM events WHERE task_id = $1 AND type = 'run.progress' ORDER BY id",
      [task.id],
    );
    expect(events.map(({ payload }) => payload)).toEqual([
      { message: 'begun', percent: 0 },
      { message: 'half', percent: 50 },
      { message: 'stuck' },
    ]);
  });
});

describe('an agent that polls', () => {
  it('reports the model and the usage of its run, and how much is done', async () => {
    const { task, runId } = await aClaimedTask(services, agent);
    await reportProgress(services, key, { runId, message: 'half', percent: 50 });
    const usage = { inputTokens: 7, outputTokens: 3, costUsd: 0.5, model: 'opus' };
    await completeTask(services, key, { runId, resolution: 'done', usage });
    expect(await services.sql('SELECT * FROM task_runs WHERE task_id = $1', [task.id])).toMatchObject([
      { model: 'opus', input_tokens: 7, output_tokens: 3, cost_usd: 0.5, progress_percent: 50 },
    ]);
  });

  it('is refused a model without a name', async () => {
    const { runId } = await aClaimedTask(services, agent);
    const usage = { inputTokens: 7, outputTokens: 3, model: ' ' };
    expect(await namedRefusalsOf(completeTask(services, key, { runId, resolution: 'done', usage }))).toEqual([
      'INVALID usage.model',
    ]);
  });
});
