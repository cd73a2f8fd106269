import { describe, expect, it } from 'vitest';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../../src/services/runs/complete-task.js';
import type { CreateTask } from '../../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import { claimAll, claimFor, clearTasks } from '../../support/factories/claims.js';
import { aClaimedTask, aKeyOf, anAgent } from '../../support/factories/factory.js';
import { namedRefusalsOf, refusalOf } from '../../support/factories/refusals.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

let services: TestServices;
let other: TestServices;
let iris: AgentRow;
let scout: AgentRow;

useTwoProcesses(async (two) => {
  ({ services, other } = two);
  iris = await anAgent(services, { name: 'iris' });
  scout = await anAgent(services, { name: 'scout' });
});

const counts = async () => {
  const [row] = await services.sql(
    `SELECT (SELECT count(*)::int FROM tasks) AS tasks, (SELECT count(*)::int FROM events) AS events,
      (SELECT count(*)::int FROM follow_ups) AS "followUps", (SELECT count(*)::int FROM idempotency_keys) AS keys`,
  );
  return row;
};
const titles = (tasks: readonly { title: string }[]) => tasks.map(({ title }) => title);

describe('follow-ups', () => {
  it('are created with the completion, by the agent, in the given order', async () => {
    const { task, runId } = await aClaimedTask(services, iris);
    const key = await aKeyOf(services, iris);
    const followUps = [
      { title: 'deploy', key: 'deploy', dependsOnKeys: ['implement'] },
      { title: 'implement', key: 'implement', assignee: { name: 'scout' } },
    ];
    const completed = await completeTask(services, key, { runId, resolution: 'Cache aside', followUps });
    expect(completed).toMatchObject({ id: task.id, status: 'REVIEW' });
    expect(completed.followUps).toMatchObject([
      { title: 'deploy', status: 'INBOX', openDependencies: 1, createdByAgentId: iris.id },
      { title: 'implement', status: 'ASSIGNED', assigneeId: scout.id, openDependencies: 0 },
    ]);
    expect(await claimAll(services, scout)).toEqual(['implement']);
  });

  it('that depend on the task wait until it is approved, and get its result', async () => {
    const { task, runId } = await aClaimedTask(services, iris);
    const { followUps } = await completeTask(services, services.admin, {
      runId,
      resolution: 'Cache aside',
      followUps: [{ title: 'next', dependsOn: [{ id: task.id }] }],
    });
    expect((await claimFor(services, scout)).reason).toBe('NO_TASKS_AVAILABLE');
    await submitVerdict(services, services.admin, { task: { id: task.id }, verdict: 'APPROVED' });
    expect((await claimFor(services, scout)).task?.id).toBe(followUps[0]?.id);
  });

  it('that depend on the task can be claimed at once if it needs no review', async () => {
    const { task, runId } = await aClaimedTask(services, iris, { reviewPolicy: 'SKIP' });
    await completeTask(services, services.admin, {
      runId,
      resolution: 'done',
      followUps: [{ title: 'next', dependsOn: [{ ref: `TASK-${task.number}` }] }],
    });
    expect(await claimAll(services, scout)).toEqual(['next']);
  });

  it.each<[string, CreateTask[], string]>([
    ['a wrong field', [{ title: 'fine' }, { title: '' }], 'INVALID followUps.1.title'],
    [
      'an unknown agent',
      [{ title: 'fine' }, { title: 'x', assignee: { name: 'nobody' } }],
      'UNKNOWN_AGENT followUps.1.assignee',
    ],
    [
      'an unknown task',
      [{ title: 'x', dependsOn: [{ ref: 'TASK-0' }] }],
      'NOT_FOUND followUps.0.dependsOn.0',
    ],
    ['an unknown key', [{ title: 'x', dependsOnKeys: ['y'] }], 'INVALID followUps.0.dependsOnKeys.0'],
    ['too many', Array.from({ length: 101 }, () => ({ title: 'x' })), 'INVALID followUps'],
  ])('with %s refuse the completion', async (_, followUps, named) => {
    const { runId } = await aClaimedTask(services, iris);
    const before = await counts();
    const completion = completeTask(services, services.admin, { runId, resolution: 'done', followUps });
    expect(await namedRefusalsOf(completion)).toEqual([named]);
    expect(await counts()).toEqual(before);
    const done = await completeTask(services, services.admin, { runId, resolution: 'done' });
    expect(done).toMatchObject({ status: 'REVIEW', followUps: [] });
  });

  it('that depend on each other are refused with their keys', async () => {
    const { runId } = await aClaimedTask(services, iris);
    const followUps = [
      { title: 'a', key: 'a', dependsOnKeys: ['b'] },
      { title: 'b', key: 'b', dependsOnKeys: ['a'] },
    ];
    const completion = completeTask(services, services.admin, { runId, resolution: 'done', followUps });
    expect(await refusalOf(completion)).toMatchObject({
      code: 'DEPENDENCY_CYCLE',
      cycle: ['a', 'b', 'a'],
      path: ['followUps', '0', 'dependsOnKeys'],
    });
  });
});

describe('a repeated completion', () => {
  const followUps = [
    { title: 'last', dependsOnKeys: ['first'] },
    { title: 'first', key: 'first' },
  ];

  it.each(['runId', 'task'] as const)('has the same follow-ups, named by %s', async (name) => {
    const { task, runId } = await aClaimedTask(services, iris);
    const named = name === 'runId' ? { runId } : { task: { id: task.id } };
    const input = { ...named, resolution: 'done', followUps, idempotencyKey: 'once' };
    const first = await completeTask(services, services.admin, input);
    const before = await counts();
    const again = await completeTask(other, other.admin, input);
    expect(again.followUps).toEqual(first.followUps);
    expect(titles(again.followUps)).toEqual(['last', 'first']);
    expect(await counts()).toEqual(before);
  });

  it('has the follow-ups of its own round after a later completion', async () => {
    const { task, runId } = await aClaimedTask(services, iris);
    const named = { task: { id: task.id }, resolution: 'done' };
    const input = { ...named, followUps: [{ title: 'of the first' }], idempotencyKey: 'once' };
    const first = await completeTask(services, services.admin, input);
    await submitVerdict(services, services.admin, {
      task: { id: task.id },
      verdict: 'REJECTED',
      feedback: 'no',
    });
    const again = await claimFor(services, iris, { maxCapacity: 100 });
    expect(again.run?.id).not.toBe(runId);
    await completeTask(services, services.admin, { ...named, followUps: [{ title: 'of the second' }] });
    const repeated = await completeTask(services, services.admin, input);
    expect(titles(repeated.followUps)).toEqual(['of the first']);
    expect(repeated.followUps).toEqual(first.followUps);
  });

  it('that is concurrent creates them once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { task, runId } = await aClaimedTask(services, iris);
      const input = { resolution: 'done', followUps, idempotencyKey: `round ${round}` };
      const named = round % 2 ? { runId } : { task: { id: task.id } };
      const answers = await Promise.all(
        [services, other, services].map((process) =>
          completeTask(process, services.admin, { ...named, ...input }),
        ),
      );
      const ids = answers.map(({ followUps }) => followUps.map(({ id }) => id).join());
      expect(new Set(ids).size).toBe(1);
      expect(await counts()).toMatchObject({ tasks: 3, followUps: 2 });
      await clearTasks(services);
    }
  });

  it('by a run that has lost its task creates none', async () => {
    const { runId } = await aClaimedTask(services, iris);
    await completeTask(services, services.admin, { runId, resolution: 'done' });
    const before = await counts();
    const late = completeTask(services, services.admin, { runId, resolution: 'late', followUps });
    expect(await namedRefusalsOf(late)).toEqual(['LEASE_LOST runId']);
    expect(await counts()).toEqual(before);
  });
});
