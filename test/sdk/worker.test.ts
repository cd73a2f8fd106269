import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  CapacityTakenError,
  createReviewer,
  createWorker,
  InvalidInputError,
  LeaseLostError,
  NonRetryableError,
  type Run,
  RunGivenBackError,
  RunLostError,
  UnauthenticatedError,
} from '../../src/sdk/index.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import {
  anAgent,
  assign,
  fixture,
  runsOf,
  start,
  untilAborted,
  untilTask,
  useWorkerServer,
} from '../support/servers/workers.js';
import { recordFetch } from '../support/wires/recorded-fetch.js';

useWorkerServer();

describe('a worker', () => {
  it('hands in results with usage and follow-ups, one task after another', async () => {
    const { name, client } = await anAgent();
    const [one, other] = await assign(name, 'One', 'Other');
    const { errors } = start(client, {
      leaseSeconds: 60,
      handle: async (task, run) => {
        await run.progress('half', 50);
        run.usage({ model: 'tiny', inputTokens: 3, outputTokens: 4 });
        if (task.title === 'One') run.followUp({ title: `After ${task.ref}` });
        return `result of ${task.title}`;
      },
    });
    expect(await untilTask(one!.id, 'DONE')).toMatchObject({ resolution: 'result of One' });
    await untilTask(other!.id, 'DONE');
    const [run] = (await fixture.admin.taskRuns({ ref: { id: one!.id } })).nodes;
    expect(run).toMatchObject({
      progress: 'half',
      model: 'tiny',
      usage: { inputTokens: 3, outputTokens: 4 },
    });
    const followUps: string[] = [];
    for await (const { title } of fixture.admin.tasks({ first: 100 })) followUps.push(title);
    expect(followUps).toContain(`After ${one!.ref}`);
    expect(errors).toEqual([]);
  });

  it('ends an attempt with the message of the error, and the task if the error says so, and reports it', async () => {
    const { name, client } = await anAgent({ capacity: 2 });
    const [again, never, silent] = await assign(name, 'again', 'never', 'silent');
    const { errors } = start(client, {
      capacity: 2,
      handle: ({ title }, { number }) => {
        if (title === 'never') throw new NonRetryableError('wrong task');
        if (title === 'silent') return '';
        if (number === 1) throw new Error(`no network\0${'!'.repeat(60_000)}`);
        return 'second try';
      },
    });
    await untilTask(never!.id, 'FAILED');
    expect(await runsOf(never!.id)).toEqual([{ outcome: 'FAILED', error: 'wrong task' }]);
    await vi.waitFor(async () => {
      expect(await runsOf(again!.id)).toContainEqual({
        outcome: 'FAILED',
        error: expect.stringMatching(/^no network!+$/),
      });
      expect(await runsOf(silent!.id)).toContainEqual({
        outcome: 'FAILED',
        error: 'The handler returned no result.',
      });
    }, 20_000);
    const messages = errors.map((error) => (error as Error).message.slice(0, 10));
    expect(messages).toEqual(expect.arrayContaining(['no network', 'wrong task', 'The handle']));
  });

  it('tries a task that is pinned to its agent again after a pause, which grows', async () => {
    const { name, client } = await anAgent({ capacity: 3 });
    const [task] = await assign(name, 'Breaks twice');
    const begunAt: number[] = [];
    start(client, {
      capacity: 3,
      handle: (_task, { number }) => {
        begunAt.push(performance.now());
        if (number < 3) throw new Error('broken');
        return 'third try';
      },
    });
    await untilTask(task!.id, 'DONE');
    const [first = 0, second = 0, third = 0] = begunAt;
    expect(second - first).toBeGreaterThan(490);
    expect(third - second).toBeGreaterThan(990);
  });

  it('says once that the tasks of its agent are held elsewhere, and what to do', async () => {
    const { fetch, sent } = recordFetch();
    const { name, client } = await anAgent({ fetch });
    await assign(name, 'Held elsewhere', 'Waiting');
    await client.claimNextTask();
    sent.length = 0;
    const { errors } = start(client, { handle: () => 'never' });
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(4), 20_000);
    expect(errors).toEqual([expect.any(CapacityTakenError)]);
    expect(errors[0]).toMatchObject({ agent: name, heldElsewhere: 1, code: 'CAPACITY_TAKEN' });
  });

  it('is not made without a function that does the work', () => {
    const wrong = { handle: undefined, judge: undefined } as never;
    expect(() => createWorker(fixture.admin, wrong)).toThrow('handle is undefined; it must be a function.');
    expect(() => createReviewer(fixture.admin, wrong)).toThrow('judge is undefined; it must be a function.');
    expect(() => createWorker(fixture.admin, { handle: () => '', capacity: 0 })).toThrow(RangeError);
  });

  it('fails an attempt whose result is refused, with the reason, and goes on', async () => {
    const { name, client } = await anAgent();
    const [bad] = await assign(name, 'bad');
    const { errors } = start(client, {
      handle: ({ title }, run) => {
        if (title === 'bad' && run.number === 1) run.followUp({ title: '' });
        return 'done';
      },
    });
    await vi.waitFor(async () => {
      const [first] = await runsOf(bad!.id);
      expect(first).toMatchObject({ outcome: 'FAILED', error: expect.stringContaining('title') });
    }, 20_000);
    const [good] = await assign(name, 'good');
    await untilTask(good!.id, 'DONE');
    expect(errors).toEqual([expect.any(InvalidInputError)]);
  });

  it('gives a task back for its handler, and does not hand its result in', async () => {
    const { name, client } = await anAgent();
    const [task] = await assign(name, 'Not mine');
    const facts: unknown[] = [];
    const { worker, ended, errors } = start(client, {
      handle: async (_task, run) => {
        const refused = run.release('no', { to: { name: 'nemo' }, pass: true });
        facts.push(await refused.catch(({ code }) => code), run.signal.aborted);
        await run.release('not my kind of work');
        facts.push(run.signal.reason);
        void worker.stop();
        return 'ignored';
      },
    });
    await ended;
    expect({ facts, errors }).toEqual({
      facts: ['UNKNOWN_AGENT', false, expect.any(RunGivenBackError)],
      errors: [],
    });
    expect(await runsOf(task!.id)).toEqual([{ outcome: 'RELEASED', error: 'not my kind of work' }]);
  });

  it('aborts a handler whose task was cancelled, and hands nothing in', async () => {
    const { name, client } = await anAgent();
    const [task] = await assign(name, 'Cancelled in the middle');
    const { handle, reasons } = untilAborted();
    const { errors } = start(client, { handle });
    await untilTask(task!.id, 'IN_PROGRESS');
    await fixture.admin.cancelTask({ task: { id: task!.id }, reason: 'Too late.' });
    await vi.waitFor(() => expect(errors).toHaveLength(1), 20_000);
    expect(reasons[0]).toBeInstanceOf(RunLostError);
    expect((reasons[0] as Error).message).toContain('Too late.');
    expect(await runsOf(task!.id)).toMatchObject([{ outcome: 'CANCELLED' }]);
  });

  it('aborts a handler at once whose report of progress shows that the run is lost', async () => {
    const { name, client } = await anAgent();
    const [task] = await assign(name, 'Lost');
    const { errors } = start(client, {
      leaseSeconds: 3_600,
      handle: async (_task, run) => {
        await fixture.admin.cancelTask({ task: { id: task!.id } });
        await run.progress('still working').catch(() => undefined);
        return String(run.signal.aborted);
      },
    });
    await vi.waitFor(() => expect(errors).toEqual([expect.any(LeaseLostError)]), 20_000);
  });

  it('never lets an error of onError end it', async () => {
    const { name, client } = await anAgent();
    const spy = vi.spyOn(console, 'error').mockReturnValue();
    onTestFinished(() => spy.mockRestore());
    const [task] = await assign(name, 'Cancelled');
    start(client, {
      handle: async (_task, run) => {
        await fixture.admin.cancelTask({ task: { id: task!.id } });
        await run.progress('x');
        return 'unreachable';
      },
      onError: async () => {
        throw new Error('a bad log');
      },
    });
    await vi.waitFor(
      () => expect(spy).toHaveBeenCalledWith(expect.objectContaining({ message: 'a bad log' })),
      20_000,
    );
    const [next] = await assign(name, 'Next');
    await fixture.admin.cancelTask({ task: { id: next!.id } });
  });

  it('asks at most about once a second while its agent is paused', async () => {
    const { name } = await anAgent();
    await fixture.admin.pauseAgent({ agent: { name } });
    const { fetch, sent } = recordFetch();
    start(sdkClient(fixture.server, { fetch }), { agent: name, handle: () => 'never' });
    const startedAt = performance.now();
    await vi.waitFor(() => expect(sent.length).toBeGreaterThanOrEqual(4), 20_000);
    expect(performance.now() - startedAt).toBeGreaterThan(1_400);
  });

  it('ends with the error when its key is revoked, also while its handlers chain claims', async () => {
    const { name } = await anAgent();
    await assign(name, ...Array.from({ length: 50 }, (_, index) => `Chained ${index}`));
    const key = await fixture.admin.createApiKey({ name: 'short', role: 'AGENT', agent: { name } });
    let handled = 0;
    const { ended } = start(sdkClient(fixture.server, { apiKey: key.secret }), {
      handle: async () => {
        handled += 1;
        if (handled === 3) await fixture.admin.revokeApiKey({ id: key.apiKey.id });
        return 'done';
      },
    });
    expect(await ended).toBeInstanceOf(UnauthenticatedError);
    expect(handled).toBe(3);
  });
});

describe('workers of one agent', () => {
  it('never work on two tasks at once with a capacity of one', async () => {
    const { name, client } = await anAgent({ capacity: 1 });
    const tasks = await assign(name, ...Array.from({ length: 12 }, (_, index) => `Task ${index}`));
    let running = 0;
    let most = 0;
    const handle = async (_task: unknown, run: Run) => {
      running += 1;
      most = Math.max(most, running);
      await run.progress('working');
      running -= 1;
      return 'done';
    };
    start(client, { handle });
    start(client, { handle });
    for (const { id } of tasks) await untilTask(id, 'DONE');
    expect(most).toBe(1);
  });
});

describe('a worker that starts after the crash of another one', () => {
  it('continues with `resume` the oldest task, and then the others', async () => {
    const { fetch, sent } = recordFetch();
    const { name, client } = await anAgent({ capacity: 2, fetch });
    const [oldest, newer] = await assign(name, 'Oldest', 'Newer');
    for (const _task of [oldest, newer]) await client.claimNextTask();
    sent.length = 0;
    const claims = () => sent.filter(({ body }) => body?.includes('"query":"mutation ClaimNextTask'));
    const { errors } = start(client, {
      capacity: 2,
      resume: true,
      handle: async ({ title }) => {
        // The second slot asks while the oldest task is worked on, and gets nothing.
        if (title === 'Oldest') await vi.waitFor(() => expect(claims().length).toBeGreaterThan(2), 20_000);
        return 'continued';
      },
    });
    for (const { id } of [oldest!, newer!]) {
      await untilTask(id, 'DONE');
      expect(await runsOf(id)).toEqual([{ outcome: 'SUCCEEDED', error: null }]);
    }
    expect(errors).toEqual([]);
  });

  it('gets all its tasks again when it disconnects its agent first', async () => {
    const { name, client } = await anAgent({ capacity: 2 });
    const tasks = await assign(name, 'One', 'Other');
    for (const _task of tasks) await client.claimNextTask();
    await client.disconnectAgent();
    const { errors } = start(client, { capacity: 2, handle: () => 'again' });
    for (const { id } of tasks) {
      await untilTask(id, 'DONE');
      expect(await runsOf(id)).toMatchObject([{ outcome: 'RELEASED' }, { outcome: 'SUCCEEDED' }]);
    }
    expect(errors).toEqual([]);
  });
});
