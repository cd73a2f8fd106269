import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Viewer } from '../../src/domain/actor.js';
import { QuotaExceeded } from '../../src/domain/refusals.js';
import { createPipeline } from '../../src/services/pipelines/save-pipeline.js';
import { startPipeline } from '../../src/services/pipelines/start-pipeline.js';
import { createQuotas, MAX_WATCHES_PER_KEY } from '../../src/services/quotas.js';
import { claimNextReview } from '../../src/services/reviews/claim-next-review.js';
import { claimNextTask } from '../../src/services/runs/claim-next-task.js';
import { completeTask } from '../../src/services/runs/complete-task.js';
import { cancelTask } from '../../src/services/tasks/cancel-task.js';
import { createTask, createTasks } from '../../src/services/tasks/create-task.js';
import type { AgentRow } from '../../src/store/agents/agents.js';
import { claimFor, neverAborted } from '../support/factories/claims.js';
import { aKeyOf, anAgent } from '../support/factories/factory.js';
import { step } from '../support/factories/pipelines.js';
import { refusalOf } from '../support/factories/refusals.js';
import type { TestServices } from '../support/factories/services.js';
import { type TwoProcesses, useTwoProcesses } from '../support/factories/use-services.js';

let processes: TwoProcesses;
let services: TestServices;

useTwoProcesses((made) => {
  processes = made;
  services = made.services;
});

const tasks = (count: number) => Array.from({ length: count }, (_, index) => ({ title: `Task ${index}` }));
const countTasks = async () =>
  Number((await services.sql('SELECT count(*)::int AS count FROM tasks'))[0]?.count);

describe('the quota of tasks a minute', () => {
  const clock = { ms: 1_000_000, now: () => clock.ms };
  /** Services with a quota of six tasks a minute. */
  const limited = () => {
    const quotas = { ...services.settings.quotas, tasksPerMinute: 6 };
    return { ...services, settings: { ...services.settings, quotas }, quotas: createQuotas(quotas, clock) };
  };

  it('counts every task of a call, and says when to try again', async () => {
    const context = limited();
    await createTasks(context, context.admin, tasks(5));
    const refusal = await refusalOf(createTasks(context, context.admin, tasks(2)));
    expect(refusal).toBeInstanceOf(QuotaExceeded);
    expect(refusal).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      message: 'This API key may create 6 tasks a minute: try again in 10 s.',
      limit: 6,
      retryAfterMs: 10_000,
    });
    await createTask(context, context.admin, { title: 'the sixth' });
    expect(await refusalOf(createTask(context, context.admin, { title: 'the seventh' }))).toBeInstanceOf(
      QuotaExceeded,
    );
    clock.ms += 10_000;
    await createTask(context, context.admin, { title: 'the seventh' });
    expect(await countTasks()).toBe(7);
    const other: Viewer = { ...context.admin, keyId: 'key_other' };
    expect(context.quotas.taskQuota(other)).toEqual({ limit: 6, left: 6, fullInSeconds: 0 });
  });

  it('is not used up by tasks that were not created', async () => {
    const context = limited();
    for (let call = 0; call < 20; call += 1) {
      const assignee = { name: 'no-such-agent' };
      const refusal = await refusalOf(createTask(context, context.admin, { title: 'x', assignee }));
      expect(refusal).toMatchObject({ code: 'UNKNOWN_AGENT' });
    }
    expect(context.quotas.taskQuota(context.admin).left).toBe(6);
  });

  it('counts the tasks of a pipeline and of a completion, and lets a call through that is larger than the quota', async () => {
    const context = limited();
    const steps = Array.from({ length: 10 }, (_, index) => step(`step-${index}`));
    await createPipeline(context, context.admin, { name: 'ten', steps });
    await startPipeline(context, context.admin, { name: 'ten' });
    expect(context.quotas.taskQuota(context.admin)).toMatchObject({ left: 0, fullInSeconds: 100 });
    expect(await refusalOf(startPipeline(context, context.admin, { name: 'ten' }))).toBeInstanceOf(
      QuotaExceeded,
    );
    expect(await countTasks()).toBe(10);

    const agent = await anAgent(services);
    const { run } = await claimFor(services, agent);
    const completion = { runId: run?.id ?? '', resolution: 'done', followUps: tasks(1) };
    expect(await refusalOf(completeTask(context, context.admin, completion))).toBeInstanceOf(QuotaExceeded);
    await completeTask(context, context.admin, { ...completion, followUps: [] });
  });
});

describe('the quota of open tasks that one agent has created', () => {
  let agent: AgentRow;
  let key: Viewer;

  beforeAll(async () => {
    agent = await anAgent(services, { maxCapacity: 10 });
    key = await aKeyOf(services, agent);
  });

  /** A process with a quota of ten open tasks. */
  const limited = (process: TestServices) => ({
    ...process,
    settings: { ...process.settings, quotas: { ...process.settings.quotas, openTasksPerAgent: 10 } },
  });

  it('counts the tasks of all calls until they end, and nothing of a refused call is left', async () => {
    const context = limited(services);
    const [first] = await createTasks(context, key, tasks(9));
    expect(await refusalOf(createTasks(context, key, tasks(2)))).toMatchObject({
      code: 'QUOTA_EXCEEDED',
      message:
        'At most 10 tasks that this agent has created may be open: try again when some of them have ended.',
      limit: 10,
      retryAfterMs: null,
    });
    expect(await countTasks()).toBe(9);
    await cancelTask(context, services.admin, { task: { id: first?.id ?? '' } });
    await createTasks(context, key, tasks(2));
    expect(await countTasks()).toBe(11);
  });

  it('is held by two processes together, however many calls come at once', async () => {
    const both = [limited(services), limited(processes.other)];
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        createTasks(both[index % 2]!, key, tasks(1 + (index % 3))).then(
          (created) => created.length,
          (error: unknown) => error,
        ),
      ),
    );
    const refused = answers.filter((answer) => typeof answer !== 'number');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((error) => error instanceof QuotaExceeded)).toBe(true);
    expect(await countTasks()).toBe(10);
  });

  it('does not stop the tasks of operators, of other agents and of a repeated request', async () => {
    const context = limited(services);
    const request = { title: 'once', idempotencyKey: 'once' };
    const task = await createTask(context, key, request);
    await createTasks(context, key, tasks(9));
    expect((await createTask(context, key, request)).id).toBe(task.id);
    await createTasks(context, services.admin, tasks(20));
    await createTasks(context, await aKeyOf(services, await anAgent(services)), tasks(10));
    expect(await countTasks()).toBe(40);
  });

  it('refuses a completion with too many follow-ups as a whole', async () => {
    const context = limited(services);
    await createTasks(context, services.admin, tasks(1));
    const { run, task } = await claimFor(services, agent);
    await createTasks(context, key, tasks(10));
    const completion = { runId: run?.id ?? '', resolution: 'done', followUps: tasks(1) };
    expect(await refusalOf(completeTask(context, key, completion))).toBeInstanceOf(QuotaExceeded);
    expect(await services.sql('SELECT status FROM tasks WHERE id = $1', [task?.id])).toEqual([
      { status: 'IN_PROGRESS' },
    ]);
    expect((await completeTask(context, key, { ...completion, followUps: [] })).status).toBe('REVIEW');
  });
});

describe('the quota of streams of tasks', () => {
  it('is of one key, and is free again when a stream has ended', () => {
    const quotas = createQuotas(services.settings.quotas, services.clock);
    const ends = Array.from({ length: MAX_WATCHES_PER_KEY }, () => quotas.beginWatch(services.admin));
    expect(() => quotas.beginWatch(services.admin)).toThrow(
      'At most 50 streams of tasks of this API key may be open at a time: end one, or follow `events`.',
    );
    quotas.beginWatch({ ...services.admin, keyId: 'key_other' });
    ends[0]?.();
    quotas.beginWatch(services.admin);
  });
});

describe('the quota of waiting claims', () => {
  it('is of one key, and is free again when a wait has ended', () => {
    const quotas = createQuotas({ ...services.settings.quotas, waitingClaimsPerKey: 2 }, services.clock);
    const other: Viewer = { ...services.admin, keyId: 'key_other' };
    const end = quotas.beginWait(services.admin);
    quotas.beginWait(services.admin);
    expect(() => quotas.beginWait(services.admin)).toThrow(
      'At most 2 claims of this API key may wait at a time: end one, or claim without waitSeconds.',
    );
    quotas.beginWait(other);
    end();
    quotas.beginWait(services.admin);
  });

  it('counts claims of tasks and of reviews together', async () => {
    const quotas = { ...services.settings.quotas, waitingClaimsPerKey: 1 };
    const context = { ...services, quotas: createQuotas(quotas, services.clock) };
    const reviewer = await anAgent(services, { role: 'reviewer' });
    const hangUp = new AbortController();
    const input = { agent: { id: reviewer.id }, waitSeconds: 60 };
    const begun = vi.spyOn(context.quotas, 'beginWait');
    const review = claimNextReview(context, services.admin, input, hangUp.signal);
    const claim = () => claimNextTask(context, services.admin, { ...input, waitSeconds: 1 }, neverAborted);
    await expect.poll(() => begun.mock.calls.length).toBe(1);
    expect(await refusalOf(claim())).toBeInstanceOf(QuotaExceeded);
    expect(await refusalOf(claimNextReview(context, services.admin, input, neverAborted))).toBeInstanceOf(
      QuotaExceeded,
    );
    hangUp.abort();
    await review;
    expect((await claim()).reason).toBe('NO_TASKS_AVAILABLE');
  });
});
