import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { bearer, type Client, createClient } from '../support/servers/client.js';
import { aTask, createTasks } from '../support/servers/fleet.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { type PlainReader, readPlainEvents } from '../support/wires/plain-events.js';

let database: TestDatabase;
let servers: [ServerProcess, ServerProcess, ServerProcess];
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  const start = () => startServer({ databaseUrl: database.url });
  servers = await Promise.all([start(), start(), start()]);
  admin = createClient(servers[0]);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await database.drop();
});

function read(server: ServerProcess, lastEventId?: string): Promise<PlainReader> {
  const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  return readPlainEvents(server.url, {
    query: '?types=task.created',
    headers: { ...bearer(admin.secret), ...resume },
  });
}

const idsOf = (reader: PlainReader) => reader.events().map(({ task }) => task?.id);
const has = (reader: PlainReader, id: string) =>
  vi.waitFor(() => expect(idsOf(reader)).toContain(id), { timeout: 20_000, interval: 5 });

describe('a plain event stream on several processes', () => {
  it('delivers each event once and in order when its process stops and the next one is killed', async () => {
    const [survivor, stopping, killed] = servers;
    const made: string[] = [];
    let isOver = false;
    const make = async () => {
      while (!isOver) {
        const created = await createTasks(admin, Array(10).fill({ title: 'Follow me' }));
        made.push(...created.map(({ id }) => id));
      }
    };
    const making = make();

    const first = await read(stopping);
    const start = first.lastEventId();
    await vi.waitFor(() => expect(first.events().length).toBeGreaterThan(20), 20_000);
    await stopping.stop();
    await first.ended;
    expect(first.lastError()).toMatchObject({ code: 'UNAVAILABLE', cursor: first.lastEventId() });

    const second = await read(killed, first.lastEventId());
    await vi.waitFor(() => expect(second.events().length).toBeGreaterThan(20), 20_000);
    await killed.kill();
    await second.ended;
    expect(second.lastError()).toBeUndefined();

    const third = await read(survivor, second.lastEventId());
    isOver = true;
    await making;
    const last = await aTask(admin, { title: 'The last' });
    await has(third, last.id);
    const whole = await read(survivor, start);
    await has(whole, last.id);
    const seen = [first, second, third].flatMap(idsOf);
    expect(seen).toEqual(idsOf(whole));
    expect(new Set(seen).size).toBe(seen.length);
    third.close();
    whole.close();
  });

  it('opens with a ticket from another process', async () => {
    const other = await startServer({ databaseUrl: database.url });
    const response = await fetch(`${other.url}/api/events/tickets`, {
      method: 'POST',
      headers: bearer(admin.secret),
    });
    const { ticket }: { ticket: string } = await response.json();
    const reader = await readPlainEvents(servers[0].url, { query: `?types=task&ticket=${ticket}` });
    const task = await aTask(admin, { title: 'Seen by ticket' });
    await has(reader, task.id);
    reader.close();
    await other.stop();
    expect([...servers, other].map(({ stdout }) => stdout()).join('')).not.toContain(ticket);
  });
});
