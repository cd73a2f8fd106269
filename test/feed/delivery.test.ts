import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EVENT_TYPES } from '../../src/domain/events/event-types.js';
import { formatLogCursor } from '../../src/domain/events/log-cursor.js';
import { Unavailable } from '../../src/kernel/unavailable.js';
import { BELL_CHANNEL } from '../../src/postgres/bell.js';
import {
  append,
  type Collector,
  collect,
  createLogFixture,
  type LogFixture,
  messages,
  type Process,
} from './log-fixture.js';

let log: LogFixture;
let here: Process;
let there: Process;

beforeAll(async () => {
  log = await createLogFixture();
  [here, there] = await Promise.all([log.startProcess(), log.startProcess()]);
});

afterAll(() => log.close());

const say = (message: string) => ({ payload: { message } });

/** Holds the next read of the process's relay before it reaches the database. Returns the function that releases it. */
async function holdRead({ database: { pool } }: Process): Promise<() => void> {
  const query = pool.query.bind(pool);
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const held = vi.fn();
  const holdIfRead = async (...args: [{ name?: string }]) => {
    if (args[0].name?.startsWith('read_log')) {
      held();
      await released;
    }
    return Reflect.apply(query, pool, args);
  };
  Object.assign(pool, { query: holdIfRead });
  await log.database.pool.query(`NOTIFY ${BELL_CHANNEL}`);
  await vi.waitFor(() => expect(held).toHaveBeenCalled(), 20_000);
  Object.assign(pool, { query });
  return release;
}

describe('a stream that begins now', () => {
  it('gets every later event of its own process and of another, and no earlier one', async () => {
    await log.append(say('before'));
    await log.settled();
    const [mine, other] = await Promise.all([collect(here.feed), collect(there.feed)]);
    await append(here.database, say('one'), say('two'));
    await append(there.database, say('three'));
    await Promise.all([mine.has(3), other.has(3)]);
    expect(messages(mine.entries)).toEqual(['one', 'two', 'three']);
    expect(other.entries).toEqual(mine.entries);
  });

  it('begins after all committed events, even those that the process has not read yet', async () => {
    await append(here.database, say('just before'));
    await log.settled();
    const stream = await collect(here.feed);
    await append(here.database, say('first'));
    await stream.has(1);
    expect(messages(stream.entries)).toEqual(['first']);
  });

  it('misses nothing if it begins while the process reads only the types that it needs itself', async () => {
    const process = await log.startProcess();
    const release = await holdRead(process);
    const stream = await collect(process.feed);
    await log.append(say('unneeded by the process'));
    await log.settled();
    release();
    await stream.has(1);
    expect(messages(stream.entries)).toEqual(['unneeded by the process']);
  });

  it('delivers the events of a transaction when it commits, and those of others meanwhile', async () => {
    const open = await log.database.pool.connect();
    await open.query('BEGIN');
    await open.query(
      `INSERT INTO event_outbox (type, payload) VALUES ('task.updated', '{"message": "held open"}')`,
    );
    const stream = await collect(there.feed);
    await log.append(say('later 1'));
    await log.append(say('later 2'));
    await log.settled();
    const fresh = await collect(here.feed);
    await open.query(
      `INSERT INTO event_outbox (type, payload) VALUES ('task.updated', '{"message": "held open still"}')`,
    );
    await stream.has(2);
    await open.query('COMMIT');
    open.release();
    here.database.bell.ring();
    await Promise.all([stream.has(4), fresh.has(2)]);
    expect(messages(stream.entries)).toEqual(['later 1', 'later 2', 'held open', 'held open still']);
    expect(fresh.entries).toEqual(stream.entries.slice(2));
  });

  it('skips a transaction that rolls back', async () => {
    const open = await log.database.pool.connect();
    await open.query('BEGIN');
    await open.query(`INSERT INTO event_outbox (type) VALUES ('task.updated')`);
    const stream = await collect(here.feed);
    await log.append(say('survivor'));
    await open.query('ROLLBACK');
    open.release();
    await stream.has(1);
    expect(messages(stream.entries)).toEqual(['survivor']);
  });

  it('ends without an error when its reader leaves, even during a request', async () => {
    const stream = await here.feed.subscribe({});
    const pending = stream.next();
    await stream.return?.();
    expect(await pending).toEqual({ value: undefined, done: true });
    expect(await stream.next()).toEqual({ value: undefined, done: true });
  });
});

describe('a stream that resumes', () => {
  it('replays exactly the events after the cursor, then delivers live ones', async () => {
    const first = await collect(here.feed);
    await log.append(...['a', 'b', 'c', 'd'].map(say));
    await first.has(4);
    const cursor = formatLogCursor(first.entries[1]!.id);
    const second = await collect(there.feed, { after: await here.feed.locate(cursor) });
    await second.has(2);
    await log.append(say('e'));
    await second.has(3);
    expect(messages(second.entries)).toEqual(['c', 'd', 'e']);
  });

  it('gets each event once and in order during many writes, in any process and from any cursor', async () => {
    const witness = await collect(here.feed);
    const writers = 8;
    const each = 60;
    const write = async (writer: number) => {
      for (let i = 0; i < each; i += 1)
        await append(i % 2 ? here.database : there.database, say(`${writer}.${i}`), say('x'));
    };
    const work = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    const total = writers * each * 2;
    const late: { from: number; stream: Collector }[] = [];
    for (const mark of [1, 100, 300, 500, 700]) {
      await witness.has(mark);
      const after = witness.entries[Math.floor(mark / 2)]!;
      const { feed } = mark % 200 ? here : there;
      late.push({
        from: Math.floor(mark / 2) + 1,
        stream: await collect(feed, { after: after.id }),
      });
    }
    await work;
    await witness.has(total);
    const { rows } = await log.database.pool.query('SELECT id FROM events WHERE id >= $1 ORDER BY id', [
      witness.entries[0]!.id,
    ]);
    expect(witness.entries.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    const first = witness.entries[0]!.id;
    expect(witness.entries.map(({ id }) => id)).toEqual(witness.entries.map((_, i) => first + BigInt(i)));
    for (const { from, stream } of late) {
      await stream.has(total - from);
      expect(stream.entries.map(({ id }) => id)).toEqual(witness.entries.slice(from).map(({ id }) => id));
    }
  });

  it('replays more events than a page holds', async () => {
    const { end } = await here.feed.readBounds();
    const count = 1_700;
    await log.append(...Array.from({ length: count }, (_, i) => say(`${i}`)));
    const stream = await collect(here.feed, { after: end });
    await stream.has(count);
    expect(messages(stream.entries)).toEqual(Array.from({ length: count }, (_, i) => `${i}`));
  });

  it('applies its filter to the replay and to live events', async () => {
    const { end } = await here.feed.readBounds();
    const events = () => [
      { type: 'task.created' as const, taskId: 'task_1', agentId: 'agt_1' },
      { type: 'task.assigned' as const, taskId: 'task_2', agentId: 'agt_1' },
      { type: 'task.comment_added' as const, taskId: 'task_2', actor: { keyId: null, agentId: 'agt_1' } },
      { type: 'key.created' as const },
      { type: 'task.created' as const, taskId: 'task_2', agentId: 'agt_2' },
    ];
    await log.append(...events());
    const byType = await collect(here.feed, {
      after: end,
      filter: { types: ['task.created', 'key.created'] },
    });
    const byTask = await collect(here.feed, { after: end, filter: { taskId: 'task_2' } });
    const byAgent = await collect(here.feed, { after: end, filter: { agentId: 'agt_1' } });
    const byAll = await collect(here.feed, {
      after: end,
      filter: { agentId: 'agt_1', taskId: 'task_2', types: ['task.assigned'] },
    });
    await Promise.all([byType.has(3), byTask.has(3), byAgent.has(3), byAll.has(1)]);
    await log.append(...events());
    await Promise.all([byType.has(6), byTask.has(6), byAgent.has(6), byAll.has(2)]);
    const twice = (types: string[]) => [...types, ...types];
    const types = (stream: { entries: readonly { type: string }[] }) =>
      stream.entries.map(({ type }) => type);
    expect(types(byType)).toEqual(twice(['task.created', 'key.created', 'task.created']));
    expect(types(byTask)).toEqual(twice(['task.assigned', 'task.comment_added', 'task.created']));
    expect(types(byAgent)).toEqual(twice(['task.created', 'task.assigned', 'task.comment_added']));
    expect(types(byAll)).toEqual(twice(['task.assigned']));
  });

  it('has entries of the shape that Prisma reads', async () => {
    const stream = await collect(here.feed);
    await log.append({
      type: 'run.progress',
      taskId: 'task_1',
      runId: 'run_1',
      payload: { message: 'half', percent: 50 },
    });
    await stream.has(1);
    expect(stream.entries[0]).toEqual({
      id: expect.any(BigInt),
      formerId: null,
      type: 'run.progress',
      at: expect.any(Date),
      actorKeyId: null,
      actorAgentId: null,
      taskId: 'task_1',
      agentId: null,
      runId: 'run_1',
      reviewId: null,
      commentId: null,
      keyId: null,
      recurringTaskId: null,
      pipelineRunId: null,
      payload: { message: 'half', percent: 50 },
    });
  });
});

describe('a listener in the process', () => {
  it('gets every entry until it is removed, even if another listener throws', async () => {
    const seen: string[] = [];
    const leave = here.feed.onEntries(EVENT_TYPES, (entries) => seen.push(...messages(entries)));
    const throwing = here.feed.onEntries(EVENT_TYPES, () => {
      throw new Error('a mistake of this listener');
    });
    const stream = await collect(here.feed);
    await log.append(say('while registered'));
    await stream.has(1);
    leave();
    throwing();
    await log.append(say('after its removal'));
    await stream.has(2);
    expect(seen).toEqual(['while registered']);
    expect(here.signals.map(({ name }) => name)).toContain('feed.listener_failed');
  });

  it('misses nothing if it registers while the process reads only the types that others need', async () => {
    const process = await log.startProcess();
    const release = await holdRead(process);
    const seen: string[] = [];
    process.feed.onEntries(EVENT_TYPES, (entries) => seen.push(...messages(entries)));
    await log.append(say('unneeded by the others'));
    await log.settled();
    release();
    await vi.waitFor(() => expect(seen).toEqual(['unneeded by the others']), 20_000);
  });
});

describe('a feed that stops', () => {
  it('completes every stream and takes no more, and another process serves the rest', async () => {
    const process = await log.startProcess();
    const stream = await collect(process.feed);
    await log.append(say('first'));
    await stream.has(1);
    await process.feed.stop();
    await process.feed.stop();
    expect(await stream.ended).toBeUndefined();
    const cursor = formatLogCursor(stream.entries[0]!.id);
    await log.append(say('second'));
    const resumed = await collect(here.feed, { after: await here.feed.locate(cursor) });
    await resumed.has(1);
    expect(messages(resumed.entries)).toEqual(['second']);
    await expect(process.feed.subscribe({})).rejects.toThrow(Unavailable);
  });
});
