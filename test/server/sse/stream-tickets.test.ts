import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { revokeApiKey } from '../../../src/services/keys/api-keys.js';
import { createStreamTickets } from '../../../src/services/keys/stream-tickets.js';
import { aTask } from '../../support/factories/factory.js';
import { readPlainEvents } from '../../support/wires/plain-events.js';
import { bearer, type EventServer, hasTask, openEventServer } from './event-server.js';

let live: EventServer;

beforeAll(async () => {
  live = await openEventServer();
});

afterAll(() => live.close());

describe('a stream ticket', () => {
  async function buy(secret: string) {
    const response = await fetch(`${live.server.url}/api/events/tickets`, {
      method: 'POST',
      headers: bearer(secret),
    });
    return { status: response.status, ...(await response.json()) };
  }

  it('opens a stream without a key, with the rights of its key and while its key is valid', async () => {
    const viewer = await live.aViewer();
    const secret = live.know(viewer);
    const { status, ticket, expiresAt } = await buy(secret);
    expect(status).toBe(201);
    const leftMs = Date.parse(expiresAt) - Date.now();
    expect(leftMs).toBeGreaterThan(30_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
    const query = `?ticket=${ticket}&types=task`;
    const streams = await Promise.all([1, 2].map(() => readPlainEvents(live.server.url, { query })));
    const task = await aTask(live.graph.services);
    for (const stream of streams) await hasTask(stream, task.id);
    expect(await live.refusal(`?ticket=${ticket}&types=key`, {})).toMatchObject({ status: 403 });
    await revokeApiKey(live.graph.services, live.graph.services.admin, viewer.keyId);
    for (const stream of streams) await stream.ended;
    expect(streams.map((stream) => stream.lastError()?.code)).toEqual(Array(2).fill('UNAUTHENTICATED'));
    expect(await live.refusal(query, {})).toMatchObject({ status: 401 });
  });

  it('is refused if it is forged, altered or expired, and is valid for nothing else', async () => {
    const viewer = await live.aViewer();
    const other = await live.aViewer('ADMIN');
    const { ticket } = await buy(live.know(viewer));
    const [keyId, expiry, signature] = String(ticket).split('.');
    const later = (Number.parseInt(expiry ?? '', 36) + 60_000).toString(36);
    const aged = createStreamTickets(live.graph.services.database, -1);
    const forged = [
      live.know(other).slice(3),
      `${live.know(other).slice(3)}.${expiry}.${signature}`,
      `${keyId}.${later}.${signature}`,
      `${keyId}.${expiry}.${'A'.repeat(43)}`,
      (await aged.issue(viewer)).ticket,
      '%00',
      '',
    ];
    for (const bad of forged) {
      const answer = await live.refusal(`?ticket=${bad}`, {});
      expect(answer).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
      expect(answer.message).toMatch(/ticket is not valid or has expired/);
    }
    expect(await live.refusal('', bearer(ticket))).toMatchObject({ status: 401 });
    expect(await buy(ticket)).toMatchObject({ status: 401 });
  });

  it('works with a standard EventSource, which resumes after a restart of the server', async () => {
    const first = await live.start(15_000);
    const { ticket } = await buy(live.know(await live.aViewer()));
    const seen = watchWithEventSource(`${first.url}/api/events?types=task.created&ticket=${ticket}`);
    await vi.waitFor(() => expect(seen()).toContain('open'), 20_000);
    const tasks = [await aTask(live.graph.services)];
    await vi.waitFor(() => expect(seen()).toContain(tasks[0]?.id), 20_000);
    await first.stop();
    tasks.push(await aTask(live.graph.services), await aTask(live.graph.services));
    const second = await live.start(15_000, Number(new URL(first.url).port));
    await vi.waitFor(() => expect(seen()).toContain(tasks[2]?.id), 20_000);
    expect(seen().filter((line) => line.startsWith('task_'))).toEqual(tasks.map(({ id }) => id));
    expect(seen()).toContain('UNAVAILABLE');
    await second.stop();
  });
});

/** Runs Node's EventSource, which needs a flag, in a process of its own. Returns the printed lines. */
function watchWithEventSource(url: string): () => string[] {
  const script = `const events = new EventSource(process.argv[1]);
    // While it waits to reconnect, EventSource does not keep the process alive.
    setInterval(() => undefined, 60_000);
    events.addEventListener('open', () => console.log('open'));
    events.addEventListener('task.created', ({ data }) => console.log(JSON.parse(data).task.id));
    events.addEventListener('error', ({ data }) => console.log(data ? JSON.parse(data).code : 'lost'));`;
  const options = ['--no-warnings', '--experimental-eventsource', '-e', script, url];
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text.split('\n');
}
