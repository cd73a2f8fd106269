import { describe, expect, it } from 'vitest';
import { InvalidTransition } from '../../../src/domain/refusals.js';
import {
  allowedTransitions,
  TASK_STATUSES,
  type TaskStatus,
  TRANSITIONS,
} from '../../../src/domain/tasks/task-status.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import { failTask } from '../../../src/services/runs/fail-task.js';
import { releaseTask } from '../../../src/services/runs/release-task.js';
import { assignTask } from '../../../src/services/tasks/assign-task.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { retryTask } from '../../../src/services/tasks/retry-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { claimFor } from '../../support/factories/claims.js';
import { aClaimedTask, anAgent, aTaskIn } from '../../support/factories/factory.js';
import { refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useServices } from '../../support/factories/use-services.js';
import { snapshotOf } from '../../support/postgres/snapshot.js';

const resting = TASK_STATUSES.filter((status) => status !== 'REJECTED');

let services: TestServices;
let agent: AgentRow;
let another: AgentRow;

useServices(async (made) => {
  services = made;
  agent = await anAgent(services);
  another = await anAgent(services);
});

const statusOf = async (id: string) =>
  (await services.sql<{ status: TaskStatus }>('SELECT status FROM tasks WHERE id = $1', [id]))[0]?.status;

/** A service that an operator can call on any task, and its transitions. */
interface Verb {
  readonly moves: Partial<Record<TaskStatus, TaskStatus>>;
  use(task: TaskRow): Promise<unknown>;
}

const VERBS: Record<string, Verb> = {
  assign: {
    moves: { INBOX: 'ASSIGNED', ASSIGNED: 'ASSIGNED' },
    use: ({ id }) => assignTask(services, services.admin, { task: { id }, assignee: { id: another.id } }),
  },
  unassign: {
    moves: { INBOX: 'INBOX', ASSIGNED: 'INBOX' },
    use: ({ id }) => assignTask(services, services.admin, { task: { id } }),
  },
  complete: {
    moves: { IN_PROGRESS: 'REVIEW' },
    use: ({ id }) => completeTask(services, services.admin, { task: { id }, resolution: 'by hand' }),
  },
  'complete without review': {
    moves: { IN_PROGRESS: 'DONE' },
    use: async ({ id }) => {
      await services.sql("UPDATE tasks SET review_policy = 'SKIP' WHERE id = $1", [id]);
      return completeTask(services, services.admin, { task: { id }, resolution: 'by hand' });
    },
  },
  fail: {
    moves: { IN_PROGRESS: 'ASSIGNED' },
    use: ({ id }) => failTask(services, services.admin, { task: { id }, error: 'broken' }),
  },
  'fail for good': {
    moves: { IN_PROGRESS: 'FAILED' },
    use: ({ id }) => failTask(services, services.admin, { task: { id }, error: 'broken', retry: false }),
  },
  cancel: {
    moves: {
      INBOX: 'CANCELLED',
      ASSIGNED: 'CANCELLED',
      IN_PROGRESS: 'CANCELLED',
      INPUT_REQUIRED: 'CANCELLED',
      REVIEW: 'CANCELLED',
    },
    use: ({ id }) => cancelTask(services, services.admin, { task: { id } }),
  },
  retry: {
    moves: { FAILED: 'ASSIGNED', CANCELLED: 'ASSIGNED' },
    use: ({ id }) => retryTask(services, services.admin, { task: { id } }),
  },
};

describe.each(Object.entries(VERBS))('%s', (_name, { moves, use }) => {
  it.each(resting)('from %s', async (from) => {
    const task = await aTaskIn(services, from, agent);
    const to = moves[from];
    if (to !== undefined) {
      await use(task);
      expect(await statusOf(task.id)).toBe(to);
      return;
    }
    if (_name === 'complete without review') {
      await services.sql("UPDATE tasks SET review_policy = 'SKIP' WHERE id = $1", [task.id]);
    }
    const before = await snapshotOf(services, task.id);
    const refusal = await refusalOf(use(task));
    expect(refusal).toBeInstanceOf(InvalidTransition);
    expect(refusal).toMatchObject({ code: 'INVALID_TRANSITION', from, allowed: allowedTransitions(from) });
    for (const { to, by } of TRANSITIONS.filter((move) => move.from === from)) {
      expect(refusal.message).toContain(`${to} (${by.join(', ')})`);
    }
    expect(await snapshotOf(services, task.id)).toEqual(before);
  });
});

describe('a verdict', () => {
  const judge = (verdict: 'APPROVED' | 'REJECTED') => (id: string) =>
    submitVerdict(services, services.admin, { task: { id }, verdict, feedback: 'seen' });

  it.each([
    ['APPROVED', 'DONE'],
    ['REJECTED', 'ASSIGNED'],
  ] as const)('%s leads from REVIEW to %s', async (verdict, to) => {
    const { id } = await aTaskIn(services, 'REVIEW', agent);
    expect((await judge(verdict)(id)).task.status).toBe(to);
  });

  it.each(resting.filter((status) => status !== 'REVIEW' && status !== 'DONE'))(
    'is refused from %s, before any completion',
    async (from) => {
      const { id } = await aTaskIn(services, from, agent);
      const before = await snapshotOf(services, id);
      for (const verdict of ['APPROVED', 'REJECTED'] as const) {
        expect(await refusalOf(judge(verdict)(id))).toMatchObject({
          code: 'INVALID_TRANSITION',
          from,
          allowed: allowedTransitions(from),
        });
      }
      expect(await snapshotOf(services, id)).toEqual(before);
    },
  );

  it('after an earlier verdict is stored and causes no transition', async () => {
    const { id } = await aTaskIn(services, 'DONE', agent);
    const { task, review } = await judge('REJECTED')(id);
    expect([task.status, review.superseded]).toEqual(['DONE', true]);
  });
});

describe('a claim', () => {
  it.each(resting)('takes a task only from INBOX and ASSIGNED: %s', async (from) => {
    const task = await aTaskIn(services, from, agent);
    const claim = await claimFor(services, agent);
    const taken = from === 'INBOX' || from === 'ASSIGNED';
    expect([claim.task?.id, await statusOf(task.id)]).toEqual(
      taken ? [task.id, 'IN_PROGRESS'] : [undefined, from],
    );
  });
});

describe('a release', () => {
  it('returns a task to its assignee', async () => {
    const { runId } = await aClaimedTask(services, agent);
    const released = await releaseTask(services, services.admin, { runId, reason: 'no time' });
    expect(released).toMatchObject({ status: 'ASSIGNED', assigneeId: agent.id, currentRunId: null });
  });

  it.each(resting.filter((status) => !['INBOX', 'ASSIGNED', 'IN_PROGRESS'].includes(status)))(
    'is refused once the task is %s',
    async (from) => {
      const { id } = await aTaskIn(services, from, agent);
      const [run] = await services.sql<{ id: string }>('SELECT id FROM task_runs WHERE task_id = $1', [id]);
      const before = await snapshotOf(services, id);
      const refusal = await refusalOf(releaseTask(services, services.admin, { runId: run?.id ?? '' }));
      expect(refusal.code).toBe('LEASE_LOST');
      expect(await snapshotOf(services, id)).toEqual(before);
    },
  );
});

describe('a retry', () => {
  it('leads to INBOX if there is no assignee', async () => {
    const { id } = await aTaskIn(services, 'INBOX', agent);
    await cancelTask(services, services.admin, { task: { id } });
    expect((await retryTask(services, services.admin, { task: { id } })).status).toBe('INBOX');
  });
});
