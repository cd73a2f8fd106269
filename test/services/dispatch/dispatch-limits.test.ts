import { describe, expect, it } from 'vitest';
import { pauseAgent } from '../../../src/services/agents/pause-agent.js';
import { submitVerdict } from '../../../src/services/reviews/submit-verdict.js';
import { cancelTask } from '../../../src/services/tasks/cancel-task.js';
import { readWaitingOn } from '../../../src/services/tasks/read-tasks.js';
import { aProcess, type Process } from '../../scheduler/job-process.js';
import {
  aPushAgent,
  aTaskOf,
  commentsOf,
  endBackoff,
  runsOf,
  waitForStatus,
} from '../../support/factories/dispatch.js';
import { aTask } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useDispatch } from '../../support/factories/use-dispatch.js';
import { answered, type ScriptedGateway } from '../../support/gateways/scripted-gateway.js';
import type { TestDatabase } from '../../support/postgres/database.js';

let gateway: ScriptedGateway;
let database: TestDatabase;
let here: Process;
let services: TestServices;

const { received } = useDispatch((test) => {
  ({ database, gateway, here, services } = test);
});

const limited = (retryAfterMs: number | null) =>
  ({ outcome: 'LIMITED', error: '429 slow down', retryAfterMs }) as const;

const waitingOn = async ({ id }: { readonly id: string }) => {
  const gateways = new Map([[gateway.name, gateway]]);
  return (await readWaitingOn({ ...services, gateways }, [id])).get(id)?.reasons;
};

describe("a provider's limit", () => {
  it('counts no attempt: the task waits as long as the provider says', async () => {
    gateway.script = () => limited(60_000);
    const task = await aTaskOf(services, await aPushAgent(services));
    await here.scheduler.runOnce('dispatchAssignedTasks');
    const row = await waitForStatus(services, task.id, 'ASSIGNED');
    expect(row).toMatchObject({ dispatch_attempts: 0 });
    expect(await runsOf(services, task.id)).toMatchObject([
      { outcome: 'RELEASED', error: expect.stringContaining('429 slow down') },
    ]);
    expect(await commentsOf(services, task.id)).toEqual([]);
    expect(await waitingOn(task)).toEqual(['RATE_LIMITED']);
    expect(
      await services.sql(
        `SELECT round(extract(epoch FROM backoff_until - updated_at)) AS seconds FROM tasks WHERE not_before = backoff_until`,
      ),
    ).toEqual([{ seconds: '60' }]);
  });

  it('holds back the other tasks of the agent and those of no other agent', async () => {
    const slow = await aPushAgent(services, { name: 'slow' });
    gateway.script = ({ agentName }) => (agentName === 'slow' ? limited(null) : answered('done'));
    const first = await aTaskOf(services, slow);
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await received(1);
    await waitForStatus(services, first.id, 'ASSIGNED');
    const waiting = await aTaskOf(services, slow);
    const other = await aTaskOf(services, await aPushAgent(services, { name: 'quick' }));
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await waitForStatus(services, other.id, 'REVIEW');
    expect(await runsOf(services, waiting.id)).toEqual([]);
    expect(await waitingOn(waiting)).toEqual(['RATE_LIMITED']);
    await cancelTask(services, services.admin, { task: { id: first.id } });
    expect(await waitingOn(waiting)).toEqual(['WAITING_FOR_CLAIM']);
  });

  it('is why a task of the inbox waits if it holds back each agent that could take it', async () => {
    const slow = await aPushAgent(services, { capabilities: ['gpu'] });
    gateway.script = () => limited(60_000);
    const first = await aTaskOf(services, slow);
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await received(1);
    await waitForStatus(services, first.id, 'ASSIGNED');
    const waiting = await aTask(services, { requires: ['gpu'] });
    await here.scheduler.runOnce('dispatchAssignedTasks');
    expect(await runsOf(services, waiting.id)).toEqual([]);
    expect(await waitingOn(waiting)).toEqual(['RATE_LIMITED']);
    await pauseAgent(services, services.admin, { id: slow.id });
    expect(await waitingOn(waiting)).toEqual(['NO_ASSIGNEE']);
    await aPushAgent(services, { capabilities: ['gpu'] });
    expect(await waitingOn(waiting)).toEqual(['WAITING_FOR_CLAIM']);
  });

  it('is told apart from the backoff of a failed attempt', async () => {
    gateway.script = () => ({ outcome: 'FAILED', error: 'no luck', permanent: false });
    const task = await aTaskOf(services, await aPushAgent(services));
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await waitForStatus(services, task.id, 'ASSIGNED');
    await services.sql(
      "UPDATE tasks SET backoff_until = now() + interval '1 h', not_before = now() + interval '1 h'",
    );
    expect(await waitingOn(task)).toEqual(['BACKOFF']);
  });

  it('ends by itself, and more than five limits fail no task', async () => {
    let left = 7;
    gateway.script = () => {
      left -= 1;
      return left > 0 ? limited(0) : answered('at last');
    };
    const dispatching = { limitPace: { baseMs: 10, maxMs: 100 } };
    const quick = await aProcess(database.url, { gateways: [gateway], dispatching });
    await quick.start();
    const task = await aTaskOf(services, await aPushAgent(services));
    expect(await waitForStatus(services, task.id, 'REVIEW')).toMatchObject({ dispatch_attempts: 0 });
    expect(await runsOf(services, task.id)).toHaveLength(7);
    await quick.close();
  });
});

describe('what a call had produced', () => {
  it('is kept on a run that failed, with what it consumed', async () => {
    const usage = { inputTokens: 7, outputTokens: 3 };
    gateway.script = () => ({ outcome: 'FAILED', error: 'cut off', permanent: false, output: 'Half', usage });
    const task = await aTaskOf(services, await aPushAgent(services));
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await waitForStatus(services, task.id, 'ASSIGNED');
    expect(await runsOf(services, task.id)).toMatchObject([
      { outcome: 'FAILED', error: 'cut off', output: 'Half', input_tokens: 7, output_tokens: 3 },
    ]);
  });

  it('is in the prompt of the next attempt, until an attempt succeeds', async () => {
    const cutOff = { outcome: 'FAILED', error: 'cut off at the limit', permanent: false } as const;
    const answers = [
      { ...cutOff, output: 'The first half' },
      { ...cutOff, error: 'no luck' },
      answered('The whole'),
      answered('The whole, again'),
    ];
    gateway.script = () => answers.shift() ?? answered('more');
    const task = await aTaskOf(services, await aPushAgent(services));
    const attempt = async (status: string) => {
      await endBackoff(services, task.id);
      await here.scheduler.runOnce('dispatchAssignedTasks');
      await waitForStatus(services, task.id, status);
      return gateway.last().call.prompt;
    };
    expect(await attempt('ASSIGNED')).not.toContain('An earlier attempt');
    for (const status of ['ASSIGNED', 'REVIEW']) {
      const prompt = await attempt(status);
      expect(prompt).toContain('### Why it failed\n\n```text\ncut off at the limit\n```');
      expect(prompt).toContain('### What it had written\n\n```text\nThe first half\n```');
    }
    await submitVerdict(services, services.admin, {
      task: { id: task.id },
      verdict: 'REJECTED',
      feedback: 'more',
    });
    expect(await attempt('REVIEW')).not.toContain('An earlier attempt');
  });

  it('is kept on a run that was cancelled', async () => {
    gateway.script = (_call, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ outcome: 'ABORTED', output: 'So far' }));
      });
    await here.start();
    const task = await aTaskOf(services, await aPushAgent(services));
    await received(1);
    await cancelTask(services, services.admin, { task: { id: task.id } });
    await expect
      .poll(async () => (await runsOf(services, task.id))[0])
      .toMatchObject({ outcome: 'CANCELLED', output: 'So far' });
  });

  it('is kept together with a good answer if a tool failed', async () => {
    gateway.script = () => ({ ...answered('done'), warnings: 'exec failed' });
    const task = await aTaskOf(services, await aPushAgent(services));
    await here.scheduler.runOnce('dispatchAssignedTasks');
    await waitForStatus(services, task.id, 'REVIEW');
    expect(await runsOf(services, task.id)).toMatchObject([
      { outcome: 'SUCCEEDED', output: 'done', progress: 'exec failed' },
    ]);
  });
});
