import { describe, expect, it, vi } from 'vitest';
import { ConnectionError, HandlerStillRunningError, RunGivenBackError } from '../../src/sdk/index.js';
import { sdkClient } from '../support/servers/sdk-client.js';
import { UNUSED_PORT } from '../support/servers/unused-port.js';
import {
  anAgent,
  assign,
  fixture,
  runsOf,
  start,
  untilAborted,
  useWorkerServer,
} from '../support/servers/workers.js';
import { recordFetch } from '../support/wires/recorded-fetch.js';

useWorkerServer();

describe('a worker that stops', () => {
  it('gives back within a second what it holds, and the next worker has it at once', async () => {
    const { name, client } = await anAgent({ capacity: 5 });
    const titles = Array.from({ length: 5 }, (_, index) => `Task ${index}`);
    await assign(name, ...titles);
    const { handle, runs, reasons } = untilAborted();
    const { worker, errors } = start(client, { capacity: 5, handle });
    await vi.waitFor(() => expect(runs).toHaveLength(5), 20_000);
    const startedAt = performance.now();
    await worker.stop();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(reasons).toEqual(Array(5).fill(expect.any(RunGivenBackError)));
    expect(errors).toEqual([]);
    const done: string[] = [];
    start(client, {
      capacity: 5,
      handle: ({ title }) => {
        done.push(title);
        return 'done';
      },
    });
    await vi.waitFor(() => expect(done.sort()).toEqual(titles), 20_000);
  });

  it('has given everything back when run resolves, also if its handlers end sooner', async () => {
    const { name, client } = await anAgent();
    const [task] = await assign(name, 'Given back');
    const { worker, ended } = start(client, {
      handle: (_task, run) => {
        void worker.stop();
        run.signal.throwIfAborted();
        return 'unreachable';
      },
    });
    await ended;
    expect(await runsOf(task!.id)).toMatchObject([{ outcome: 'RELEASED' }]);
  });

  it('does not wait for a handler that never ends, and has given its task back', async () => {
    const { name, client } = await anAgent();
    const [task] = await assign(name, 'Endless');
    let finish: ((result: string) => void) | undefined;
    const { worker, ended, errors } = start(client, {
      graceMs: 100,
      handle: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    await vi.waitFor(() => expect(finish).toBeDefined(), 20_000);
    await worker.stop();
    expect(await ended).toBeUndefined();
    expect(errors).toEqual([expect.any(HandlerStillRunningError)]);
    finish?.('much too late');
    const [run] = await runsOf(task!.id);
    expect(run).toEqual({ outcome: 'RELEASED', error: 'The worker stops.' });
    expect(await fixture.admin.task({ ref: { id: task!.id } })).toMatchObject({ status: 'ASSIGNED' });
  });

  it('reports at once that its server is not there, once, and stops at once', async () => {
    const { fetch, sent } = recordFetch();
    const away = sdkClient({ ...fixture.server, url: `http://127.0.0.1:${UNUSED_PORT}` }, { fetch });
    const startedAt = performance.now();
    const { worker, errors } = start(away, {
      agent: 'nobody',
      handle: () => 'never',
    });
    await vi.waitFor(() => expect(errors).toEqual([expect.any(ConnectionError)]), 20_000);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(2), 20_000);
    const stoppedAt = performance.now();
    await worker.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(1_000);
    expect(errors).toHaveLength(1);
  });

  it('ends a claim that waits at once', async () => {
    const { fetch, sent } = recordFetch();
    const { name } = await anAgent();
    const { worker, ended } = start(sdkClient(fixture.server, { fetch }), { agent: name, handle: () => 'x' });
    await vi.waitFor(() => expect(sent).toHaveLength(1), 20_000);
    const startedAt = performance.now();
    await worker.stop();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(await ended).toBeUndefined();
  });

  it('lets handlers finish if it may, keeps their leases meanwhile, and claims nothing more', async () => {
    const { name } = await anAgent();
    const [one, other] = await assign(name, 'Running', 'Waiting');
    let finish: ((result: string) => void) | undefined;
    const { fetch, sent } = recordFetch();
    const { worker } = start(sdkClient(fixture.server, { fetch }), {
      agent: name,
      handle: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    await vi.waitFor(() => expect(finish).toBeDefined(), 20_000);
    const stopped = worker.stop({ finishWithinMs: 60_000 });
    const beats = () => sent.filter(({ body }) => body?.includes('heartbeat(')).length;
    const before = beats();
    await vi.waitFor(() => expect(beats()).toBeGreaterThan(before + 1), 20_000);
    finish?.('finished');
    await stopped;
    expect(await fixture.admin.task({ ref: { id: one!.id } })).toMatchObject({
      status: 'DONE',
      resolution: 'finished',
    });
    expect(await fixture.admin.task({ ref: { id: other!.id } })).toMatchObject({ status: 'ASSIGNED' });
  });

  it('can be stopped at any moment: each task is done or waits, and none is held', async () => {
    const { name, client } = await anAgent({ capacity: 3 });
    const tasks = await assign(name, ...Array.from({ length: 40 }, (_, index) => `Task ${index}`));
    const statuses = async () => {
      const states = await Promise.all(tasks.map(({ id }) => fixture.admin.task({ ref: { id } })));
      return new Set(states.map((task) => task?.status));
    };
    for (let handled = 1; handled <= 8; handled += 1) {
      let left = handled;
      const { worker, ended } = start(client, {
        capacity: 3,
        handle: async () => {
          left -= 1;
          if (left === 0) void worker.stop();
          return 'done';
        },
      });
      await ended;
      expect([...(await statuses())]).not.toContain('IN_PROGRESS');
    }
    start(client, { capacity: 3, handle: () => 'done' });
    await vi.waitFor(async () => expect(await statuses()).toEqual(new Set(['DONE'])), 30_000);
    for (const { id } of tasks)
      expect((await runsOf(id)).filter(({ outcome }) => outcome === 'SUCCEEDED')).toHaveLength(1);
  });
});
