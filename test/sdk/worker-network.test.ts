import { describe, expect, it, vi } from 'vitest';
import { RunLostError } from '../../src/sdk/index.js';
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
import { openTcpLink } from '../support/wires/tcp-link.js';

useWorkerServer();

describe('a worker without a network', () => {
  it('aborts its handler when the lease may have ended, hands nothing in, and gives the task back when the network is back', async () => {
    const { name } = await anAgent();
    const link = await openTcpLink(() => fixture.server.url);
    const key = await fixture.admin.createApiKey({ name: `linked ${name}`, role: 'AGENT', agent: { name } });
    const linked = sdkClient({ url: link.url, adminKey: key.secret });
    const [task] = await assign(name, 'Cut off');
    const { handle: whileHeld, runs, reasons } = untilAborted();
    const { errors } = start(linked, {
      handle: (_task, run) => (run.number === 1 ? whileHeld(_task, run) : 'done in the second run'),
    });
    await vi.waitFor(() => expect(runs).toHaveLength(1), 20_000);
    link.freeze();
    const frozenAt = performance.now();
    await vi.waitFor(() => expect(reasons).toHaveLength(1), 20_000);
    expect(performance.now() - frozenAt).toBeLessThan(11_000);
    expect(reasons[0]).toBeInstanceOf(RunLostError);
    expect(await runsOf(task!.id)).toMatchObject([{ outcome: 'RUNNING' }]);
    expect(errors).toContain(reasons[0]);
    link.thaw();
    expect(await untilTask(task!.id, 'DONE')).toMatchObject({ resolution: 'done in the second run' });
    expect(await runsOf(task!.id)).toEqual([
      {
        outcome: 'RELEASED',
        error: expect.stringContaining('lost its connection for the length of the lease'),
      },
      { outcome: 'SUCCEEDED', error: null },
    ]);
  });

  it('hands its result in over another connection when the one of the claim is half-open', async () => {
    const { name } = await anAgent();
    const link = await openTcpLink(() => fixture.server.url);
    const key = await fixture.admin.createApiKey({ name: `linked ${name}`, role: 'AGENT', agent: { name } });
    const linked = sdkClient({ url: link.url, adminKey: key.secret });
    const [task] = await assign(name, 'Shaken');
    let finish: ((result: string) => void) | undefined;
    const { errors } = start(linked, {
      handle: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    await vi.waitFor(() => expect(finish).toBeDefined(), 20_000);
    link.freeze();
    // The result is in flight on a connection on which nothing arrives any more.
    finish?.('done in spite of it');
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(0), 20_000);
    link.thaw();
    expect(await untilTask(task!.id, 'DONE')).toMatchObject({ resolution: 'done in spite of it' });
    expect(await runsOf(task!.id)).toEqual([{ outcome: 'SUCCEEDED', error: null }]);
  });

  it('hands its result in after the pages of a proxy whose server restarts', async () => {
    const { name } = await anAgent();
    const key = await fixture.admin.createApiKey({ name: `proxied ${name}`, role: 'AGENT', agent: { name } });
    let pages = 2;
    const proxied = sdkClient(
      { ...fixture.server, adminKey: key.secret },
      {
        fetch: async (input, init) => {
          const isHandIn = /^\{"query":"mutation Complete/.test(String(init?.body));
          if (!isHandIn || pages-- <= 0) return fetch(input, init);
          return new Response('<html>No such page</html>', { status: 404 });
        },
      },
    );
    const [task] = await assign(name, 'Behind a proxy');
    start(proxied, { handle: () => 'kept' });
    expect(await untilTask(task!.id, 'DONE')).toMatchObject({ resolution: 'kept' });
    expect(await runsOf(task!.id)).toEqual([{ outcome: 'SUCCEEDED', error: null }]);
  });
});
