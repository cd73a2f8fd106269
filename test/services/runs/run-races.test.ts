import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../src/domain/refusals.js';
import { claimNextTask } from '../../../src/services/runs/claim-next-task.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { heartbeat } from '../../../src/services/runs/heartbeat.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { reportProgress } from '../../../src/services/runs/renew-lease.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimFor, clearTasks, neverAborted } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent, aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

const ROUNDS = 12;

let services: TestServices;
let other: TestServices;
let agent: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  agent = await anAgent(services);
});

interface Held {
  readonly id: string;
  readonly runId: string;
}
type Verb = (process: TestServices, held: Held) => Promise<unknown>;

const VERBS = {
  complete: (process, { runId }) => completeTask(process, process.admin, { runId, resolution: 'done' }),
  fail: (process, { runId }) => failTask(process, process.admin, { runId, error: 'broken', retry: false }),
  release: (process, { runId }) => releaseTask(process, process.admin, { runId }),
  cancel: (process, { id }) => cancelTask(process, process.admin, { task: { id } }),
} satisfies Record<string, Verb>;

const LEADS_TO = { complete: 'DONE', fail: 'FAILED', release: 'ASSIGNED', cancel: 'CANCELLED' } as const;
type Name = keyof typeof VERBS;

/** The outcomes of the calls: `refused` with its code. A fault is an error of the test. */
async function race(held: Held, ...names: readonly Name[]): Promise<(Name | string)[]> {
  const outcomes = await Promise.allSettled(
    names.map((name, i) => VERBS[name](i % 2 ? other : services, held)),
  );
  return outcomes.map((outcome, i) => {
    if (outcome.status === 'fulfilled') return names[i] ?? '';
    if (outcome.reason instanceof Refusal) return outcome.reason.code;
    throw outcome.reason;
  });
}

/** The state of the task in the rows and in the events. */
async function historyOf(id: string) {
  const [row] = await services.sql<{ status: string; version: number; ends: string[]; moves: string[] }>(
    `SELECT status, version,
      (SELECT array_agg(outcome::text) FROM task_runs r WHERE r.task_id = t.id) AS ends,
      (SELECT array_agg(payload->>'to' ORDER BY e.id) FROM events e WHERE e.task_id = t.id AND payload ? 'to') AS moves
     FROM tasks t WHERE id = $1`,
    [id],
  );
  return row;
}

describe('of two concurrent calls', () => {
  it.each([
    ['complete', 'cancel'],
    ['complete', 'release'],
    ['complete', 'fail'],
    ['fail', 'release'],
    ['fail', 'cancel'],
  ] as const)('%s and %s, exactly one takes effect, and the other changes nothing', async (one, two) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { task, runId } = await aClaimedTask(services, agent, { reviewPolicy: 'SKIP' });
      const names = round % 2 ? [one, two] : [two, one];
      const outcomes = await race({ id: task.id, runId }, ...names);
      const winners = outcomes.filter((outcome): outcome is Name => outcome in VERBS);
      expect(winners).toHaveLength(1);
      expect(outcomes.filter((outcome) => /^(LEASE_LOST|INVALID_TRANSITION)$/.test(outcome))).toHaveLength(1);
      const status = LEADS_TO[winners[0] ?? one];
      const outcome = { complete: 'SUCCEEDED', fail: 'FAILED', release: 'RELEASED', cancel: 'CANCELLED' };
      expect(await historyOf(task.id)).toEqual({
        status,
        version: task.version + 1,
        ends: [outcome[winners[0] ?? one]],
        moves: ['ASSIGNED', 'IN_PROGRESS', status],
      });
      if (status === 'ASSIGNED') await cancelTask(services, services.admin, { task: { id: task.id } });
    }
  });

  it.each(['complete', 'fail', 'release'] as const)(
    '%s and its repeat both answer, and one changes',
    async (name) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { task, runId } = await aClaimedTask(services, agent, { reviewPolicy: 'SKIP' });
        expect(await race({ id: task.id, runId }, name, name)).toEqual([name, name]);
        const history = await historyOf(task.id);
        expect(history).toMatchObject({ version: task.version + 1, status: LEADS_TO[name] });
        if (name === 'release') await cancelTask(services, services.admin, { task: { id: task.id } });
      }
    },
  );

  it('an operator who ends the run and its agent: one wins, and the agent learns it if it lost', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { task, runId } = await aClaimedTask(services, agent, { reviewPolicy: 'SKIP' });
      const byAgent = completeTask(services, services.admin, { runId, resolution: 'same' });
      const byOperator = completeTask(other, other.admin, { task: { id: task.id }, resolution: 'same' });
      const outcomes = await Promise.allSettled(round % 2 ? [byAgent, byOperator] : [byOperator, byAgent]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const isLost = (await Promise.allSettled([byAgent]))[0]?.status === 'rejected';
      const { lostRuns } = await heartbeat(services, services.admin, {
        agent: { id: agent.id },
        runIds: [runId],
      });
      expect(lostRuns.map(({ id }) => id)).toEqual(isLost ? [runId] : []);
    }
  });

  it('a claim while an operator ends the run of the agent: the slot is free for it, and each run is either live or lost', async () => {
    const single = await anAgent(services, { maxCapacity: 1 });
    for (let round = 0; round < ROUNDS; round += 1) {
      const { task, runId } = await aClaimedTask(services, single);
      const next = await aTask(services, { assignee: { id: single.id } });
      const [claim] = await Promise.all([
        claimNextTask(other, other.admin, { agent: { id: single.id } }, neverAborted),
        completeTask(services, services.admin, { task: { id: task.id }, resolution: 'by hand' }),
      ]);
      const beat = await heartbeat(services, services.admin, { agent: { id: single.id } });
      expect(beat.lostRuns[0]?.id).toBe(runId);
      expect(beat.runs.map((run) => run.taskId)).toEqual(claim.reason === 'ASSIGNED' ? [next.id] : []);
      await clearTasks(services);
    }
  });

  it('a cancellation and a release leave the task CANCELLED in either order', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { task, runId } = await aClaimedTask(services, agent);
      const [cancelled, released] = await race({ id: task.id, runId }, 'cancel', 'release');
      expect(cancelled).toBe('cancel');
      const first = released === 'release' ? ['ASSIGNED'] : [];
      expect(await historyOf(task.id)).toMatchObject({
        status: 'CANCELLED',
        ends: [released === 'release' ? 'RELEASED' : 'CANCELLED'],
        moves: ['ASSIGNED', 'IN_PROGRESS', ...first, 'CANCELLED'],
      });
    }
  });

  it('a completion and a cancellation are two transitions or one', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { task, runId } = await aClaimedTask(services, agent);
      const [completed, cancelled] = await race({ id: task.id, runId }, 'complete', 'cancel');
      expect(cancelled).toBe('cancel');
      expect(['complete', 'LEASE_LOST']).toContain(completed);
      const first = completed === 'complete' ? ['REVIEW'] : [];
      expect(await historyOf(task.id)).toMatchObject({
        status: 'CANCELLED',
        moves: ['ASSIGNED', 'IN_PROGRESS', ...first, 'CANCELLED'],
      });
    }
  });

  it('a claim and a cancellation leave a consistent task, run and log', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await aTask(services, { assignee: { id: agent.id } });
      const [claim] = await Promise.all([
        claimFor(services, agent),
        cancelTask(other, other.admin, { task: { id } }),
      ]);
      expect(await historyOf(id)).toMatchObject({
        status: 'CANCELLED',
        ends: claim.task?.id === id ? ['CANCELLED'] : null,
      });
    }
  });

  it('a claim and another assignee leave the task with one of the two agents', async () => {
    const rival = await anAgent(services);
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await aTask(services, { assignee: { id: agent.id } });
      const [claim, assigned] = await Promise.all([
        claimFor(services, agent),
        assignTask(other, other.admin, { task: { id }, assignee: { id: rival.id } }).catch(
          (error: unknown) => error,
        ),
      ]);
      const claimed = claim.task?.id === id;
      if (claimed) expect(assigned).toMatchObject({ code: 'INVALID_TRANSITION', from: 'IN_PROGRESS' });
      else expect(assigned).toMatchObject({ status: 'ASSIGNED', assigneeId: rival.id });
      expect((await historyOf(id))?.ends ?? []).toHaveLength(claimed ? 1 : 0);
    }
  });
});

describe('many concurrent calls', () => {
  it('do not deadlock: eight agents claim, report, send heartbeats and fail while operators cancel', async () => {
    const agents = await Promise.all(Array.from({ length: 8 }, () => anAgent(services)));
    for (let i = 0; i < 60; i += 1) await aTask(services, { reviewPolicy: i % 2 ? 'SKIP' : 'REQUIRED' });
    const calls = agents.map((worker, i) => work(i % 2 ? other : services, worker));
    await Promise.all([...calls, cancelSome(services), cancelSome(other)]);
    const [odd] = await services.sql(
      `SELECT (SELECT count(*)::int FROM tasks WHERE (status = 'IN_PROGRESS') <> EXISTS (
          SELECT FROM task_runs r WHERE r.id = tasks.current_run_id AND r.outcome = 'RUNNING')) AS without_run,
        (SELECT count(*)::int FROM task_runs r JOIN tasks t ON t.id = r.task_id
          WHERE r.outcome = 'RUNNING' AND t.current_run_id IS DISTINCT FROM r.id) AS without_task,
        (SELECT count(*)::int FROM agents WHERE announced_status <> 'IDLE' AND id = ANY($1)) AS busy,
        (SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()) AS deadlocks`,
      [agents.map(({ id }) => id)],
    );
    expect(odd).toEqual({ without_run: 0, without_task: 0, busy: 0, deadlocks: 0 });
  });

  it('a batch of completions ends each run, although reports of another process change the rows meanwhile', async () => {
    const agents = await Promise.all(Array.from({ length: 16 }, () => anAgent(services)));
    for (let round = 0; round < 4; round += 1) {
      const held = await Promise.all(
        agents.map((each) => aClaimedTask(services, each, { reviewPolicy: 'SKIP' })),
      );
      let isOver = false;
      const reports = held.map(async ({ runId }) => {
        for (let i = 0; !isOver; i += 1)
          await reportProgress(other, other.admin, { runId, message: `Step ${i}` }).catch(expectRefusal);
      });
      await Promise.all(held.map(({ task, runId }) => VERBS.complete(services, { id: task.id, runId })));
      isOver = true;
      await Promise.all(reports);
      for (const { task } of held)
        expect(await historyOf(task.id)).toMatchObject({
          ...{ status: 'DONE', version: task.version + 1, ends: ['SUCCEEDED'] },
          moves: ['ASSIGNED', 'IN_PROGRESS', 'DONE'],
        });
    }
  });

  async function work(process: TestServices, worker: AgentRow): Promise<void> {
    for (let turn = 0; ; turn += 1) {
      const { task, run } = await claimFor(process, worker);
      if (task === null || run === null) return;
      const held = { id: task.id, runId: run.id };
      const ending = (['complete', 'fail', 'complete', 'release'] as const)[turn % 4] ?? 'complete';
      const calls = [
        heartbeat(process, process.admin, { agent: { id: worker.id } }),
        reportProgress(other, other.admin, { runId: run.id, message: 'on it' }),
        VERBS[ending](services, held),
      ];
      await Promise.all(calls.map((call) => call.catch(expectRefusal)));
    }
  }

  async function cancelSome(process: TestServices): Promise<void> {
    const open = await services.sql<{ id: string }>('SELECT id FROM tasks WHERE number % 5 = 0 ORDER BY id');
    for (const { id } of open)
      await cancelTask(process, process.admin, { task: { id } }).catch(expectRefusal);
  }

  function expectRefusal(error: unknown): void {
    expect(error).toBeInstanceOf(Refusal);
  }
});
