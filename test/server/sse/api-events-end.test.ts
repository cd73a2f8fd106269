import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../../src/kernel/clock.js';
import { revokeApiKey } from '../../../src/services/keys/api-keys.js';
import { usedMemory } from '../../feed/memory.js';
import { aTask } from '../../support/factories/factory.js';
import { goodKey } from '../../support/servers/test-server.js';
import { type PlainReader, readPlainEvents } from '../../support/wires/plain-events.js';
import { bearer, type EventServer, has, hasTask, openEventServer } from './event-server.js';

let live: EventServer;
/** Offset of the feed's clock from the real time. */
let aheadMs = 0;

beforeAll(async () => {
  live = await openEventServer({ now: () => systemClock.now() + aheadMs });
});

afterAll(() => live.close());

describe('a stream that ends', () => {
  it('soon after the revocation of its key gives the reason', async () => {
    const viewer = await live.aViewer();
    const reader = await live.read('', bearer(live.know(viewer)));
    await revokeApiKey(live.graph.services, live.graph.services.admin, viewer.keyId);
    const revokedAt = performance.now();
    await reader.ended;
    // One second on an idle machine.
    expect(performance.now() - revokedAt).toBeLessThan(10_000);
    expect(reader.lastError()).toEqual({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('revoked'),
      cursor: reader.lastEventId(),
    });
  });

  it('because the server stops gives the cursor to resume from', async () => {
    const leaving = await live.start(15_000);
    const reader = await readPlainEvents(leaving.url, { query: '?types=task', headers: bearer(goodKey) });
    const seen = await aTask(live.graph.services);
    await hasTask(reader, seen.id);
    await leaving.stop();
    await reader.ended;
    expect(reader.lastError()).toMatchObject({ code: 'UNAVAILABLE', cursor: reader.lastEventId() });
    const missed = await aTask(live.graph.services);
    const next = await live.read('?types=task.created', {
      'last-event-id': reader.lastError()?.cursor ?? '',
    });
    await hasTask(next, missed.id);
    expect(next.events().map(({ task }) => task?.id)).toEqual([missed.id]);
  });
});

describe('a client that reads nothing', () => {
  /** The feed's limit. */
  const PATIENCE_MS = 10_000;

  /** A large text, so that the socket buffers can't hold all events. */
  async function append(from: number, to: number): Promise<void> {
    await live.graph.services.sql(
      `INSERT INTO event_outbox (type, payload) SELECT 'scheduler.paused', jsonb_build_object('job', 'x', 'message', i || repeat('.', 1000))
        FROM generate_series($1::int, $2::int) i`,
      [from, to],
    );
    live.graph.services.database.bell.ring();
  }

  const numbers = (reader: PlainReader) =>
    reader.events().map(({ payload }) => Number.parseInt(String(payload.message), 10));
  const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('costs little memory and is closed with a cursor from which exactly the rest follows', async () => {
    let passedOn = 0;
    onTestFinished(
      live.graph.feed.onEntries(['scheduler.paused'], (entries) => {
        passedOn = Number.parseInt(String(Object(entries.at(-1)?.payload).message), 10);
      }),
    );
    const isPassedOn = (last: number) =>
      vi.waitFor(() => expect(passedOn).toBe(last), { timeout: 60_000, interval: 5 });
    const reader = await live.read('?types=scheduler');
    reader.pause();
    const before = usedMemory();
    const total = 50_000;
    for (let i = 1; i <= total; i += 5_000) await append(i, i + 4_999);
    await isPassedOn(total);
    await vi.waitFor(() => expect(usedMemory() - before).toBeLessThan(10_000_000), 20_000);
    // The feed closes a subscriber only when a new event arrives.
    aheadMs += PATIENCE_MS;
    const more = total + 1;
    await append(more, more);
    await isPassedOn(more);
    reader.resume();
    await vi.waitFor(() => expect(reader.lastError()).toBeDefined(), 60_000);
    const got = numbers(reader);
    expect(reader.lastError()?.code).toBe('SUBSCRIBER_TOO_SLOW');
    expect(got).toEqual(range(1, got.length));
    expect(got.length).toBeLessThan(more);
    const rest = await live.read(`?types=scheduler&after=${reader.lastError()?.cursor}`);
    await has(rest, more - got.length);
    expect(numbers(rest)).toEqual(range(got.length + 1, more));
  });

  it('at all, from one heartbeat to the next, is disconnected', async () => {
    const strict = await live.start(100);
    const reader = await readPlainEvents(strict.url, { query: '?types=scheduler', headers: bearer(goodKey) });
    reader.pause();
    const requests = () => strict.signals.filter(({ name }) => name === 'http.request');
    // Repeated until the system's buffers are full.
    await vi.waitFor(
      async () => {
        await append(1, 1_000);
        expect(requests()).toHaveLength(1);
      },
      { timeout: 20_000, interval: 50 },
    );
    reader.close();
    await strict.stop();
  });
});
