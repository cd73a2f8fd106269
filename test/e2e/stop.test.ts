import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Blocker, blockTask } from '../support/postgres/blocker.js';
import { findPostmasterPid } from '../support/postgres/data-folder.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { untilLogIsReadableAt } from '../support/postgres/readable-log.js';
import { reportMs } from '../support/runner/measurements.js';
import { type Client, createClient, Refused } from '../support/servers/client.js';
import {
  anAgent,
  aTask,
  type Claim,
  claim,
  claimWork,
  complete,
  type Work,
} from '../support/servers/fleet.js';
import {
  createServerFolder,
  type Exit,
  runServer,
  type ServerProcess,
  startServer,
} from '../support/servers/server-process.js';
import { untilLive, watchOverSse, watchOverWebSocket } from '../support/wires/event-streams.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database.drop());

describe('a busy server that is stopped', () => {
  it('finishes requests in flight, ends waiting claims, breaks streams off so that clients reconnect, and exits with 0', async () => {
    const { server, admin } = await aServer();
    const worker = await anAgent(admin, 'worker');
    await aTask(admin);
    const work = await claimWork(worker.client);
    const idle = await Promise.all([1, 2, 3].map((index) => anAgent(admin, `idle-${index}`)));
    const streams = [watchOverWebSocket(admin), watchOverSse(admin)];
    await untilLive(admin, streams);
    const waiting = idle.map((agent) => outcomeOf(claim(agent.client, { waitSeconds: 60 })));
    const inFlight = await aBlockedCompletion(worker.client, work);

    const toldAt = performance.now();
    const stopped = server.stop();
    expect(await Promise.all(waiting)).toEqual(
      idle.map(() => expect.stringMatching(/^(NO_TASKS_AVAILABLE|UNAVAILABLE)$/)),
    );
    const [socket, sse] = await Promise.all(streams.map(({ ended }) => ended));
    expect(socket).toMatchObject({
      code: 1012,
      reason: expect.stringContaining('resume with your last cursor'),
    });
    // Server-sent events have no code of their own: a stream without its `complete` makes clients come back.
    expect(sse).toMatchObject({ completed: false, errors: [] });
    await untilRefused(server);
    await inFlight.blocker.release();
    expect(await inFlight.status).toBe('REVIEW');
    expect(await stopped).toEqual({ code: 0, signal: null });
    reportMs('stop of a busy server', [performance.now() - toldAt]);
    expect(server.stderr()).toBe('');
    expect(server.log().filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  });

  it('ends a stream that another process continues without a gap', async () => {
    const { server, admin } = await aServer();
    const successor = await aServer();
    let current: ServerProcess = server;
    const client = createClient(() => current.url, admin.secret);
    const after = await aCursor(admin);
    const moveOn = () => {
      current = successor.server;
      return Promise.resolve();
    };
    const stream = watchOverWebSocket(client, {
      after,
      filter: { types: ['task.created'] },
      reconnect: moveOn,
    });
    const before = await aTask(admin);
    await vi.waitFor(() => expect(stream.events).toHaveLength(1), 20_000);
    await server.stop();
    const later = await aTask(successor.admin);
    await vi.waitFor(() => expect(stream.events).toHaveLength(2), 20_000);
    expect(stream.connections()).toBe(2);
    const seen = await taskIdsOf(successor.admin, after);
    expect(seen).toEqual([before.id, later.id]);
    stream.close();
    await successor.server.stop();
  });

  it('exits at once at a second signal, and loses nothing', async () => {
    const { server, admin } = await aServer();
    const worker = await anAgent(admin, 'impatient');
    await aTask(admin);
    const work = await claimWork(worker.client);
    const inFlight = await aBlockedCompletion(worker.client, work);
    const answer = outcomeOf(inFlight.status);
    server.signal('SIGTERM');
    await untilRefused(server);
    const exits: Exit[] = [];
    void server.exited.then((exit) => exits.push(exit));
    await vi.waitFor(() => {
      server.signal('SIGINT');
      expect(exits).toEqual([{ code: 130, signal: null }]);
    }, 20_000);
    expect(await answer).toBe('no answer');
    await inFlight.blocker.release();

    const next = await aServer();
    const again = createClient(next.server, worker.client.secret);
    expect(await complete(again, completionOf(work))).toBe('REVIEW');
    await next.server.stop();
  });
});

describe('a server with the embedded PostgreSQL that is stopped', () => {
  it.each([
    ['is closed', ['SIGHUP']],
    ['and npm both send a signal for one Ctrl-C', ['SIGINT', 'SIGTERM']],
  ] as const)('stops cleanly when its terminal %s', async (_what, signals) => {
    const server = await startServer();
    for (const signal of signals) server.signal(signal);
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(await findPostmasterPid(server.dataDir)).toBeNull();
  });

  it('stops PostgreSQL although clients still watch, and has all data after its restart', async () => {
    const server = await startServer();
    const admin = createClient(server, server.adminKey);
    const stream = watchOverWebSocket(admin);
    await untilLive(admin, [stream]);
    const task = await aTask(admin);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(await findPostmasterPid(server.dataDir)).toBeNull();
    expect(await stream.ended).toMatchObject({ code: 1012 });

    const next = await startServer({ dataDir: server.dataDir });
    const worker = await anAgent(createClient(next, next.adminKey), 'worker');
    expect((await claimWork(worker.client)).taskId).toBe(task.id);
  });

  it.each(['postgres.created', 'postgres.started'])(
    'stops in the middle of its start, after %s',
    async (at) => {
      const dataDir = await createServerFolder();
      const { code, stdout, stderr } = await runServer({ dataDir }, { at, send: 'SIGTERM' });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).not.toContain('GraphQL and GraphiQL');
      expect(await findPostmasterPid(dataDir)).toBeNull();
    },
  );
});

async function aServer(): Promise<{ server: ServerProcess; admin: Client }> {
  const server = await startServer({ databaseUrl: database.url });
  return { server, admin: createClient(server) };
}

interface InFlight {
  readonly blocker: Blocker;
  /** The status of the task after the blocker is released. */
  readonly status: Promise<string>;
}

/** A completion that the server has started and can't finish. */
async function aBlockedCompletion(client: Client, work: Work): Promise<InFlight> {
  const blocker = await blockTask(database.url, work.taskId);
  onTestFinished(() => blocker.release());
  const status = complete(client, completionOf(work));
  status.catch(() => undefined);
  await blocker.isWaitedFor();
  return { blocker, status };
}

function completionOf({ runId }: Work) {
  return { runId, resolution: 'done', idempotencyKey: runId };
}

async function untilRefused({ url }: ServerProcess): Promise<void> {
  await vi.waitFor(() => expect(fetch(`${url}/readyz`)).rejects.toThrow('fetch failed'), 20_000);
}

/** The reason of a claim, the status of a completion, the code of a refusal, or "no answer". */
async function outcomeOf(answer: Promise<Claim | string>): Promise<string> {
  try {
    const answered = await answer;
    return typeof answered === 'string' ? answered : answered.reason;
  } catch (error) {
    return error instanceof Refused ? error.code : 'no answer';
  }
}

/** The cursor after all earlier events. */
async function aCursor(client: Client): Promise<string> {
  await untilLogIsReadableAt(database.url);
  const { events } = await client.ask<{ events: { nodes: { cursor: string }[] } }>(
    '{ events(last: 1) { nodes { cursor } } }',
  );
  return events.nodes[0]!.cursor;
}

async function taskIdsOf(client: Client, after: string): Promise<string[]> {
  const { events } = await client.ask<{ events: { nodes: { task: { id: string } }[] } }>(
    `query ($after: Cursor) {
      events(after: $after, filter: { types: ["task.created"] }) { nodes { ... on TaskCreatedEvent { task { id } } } }
    }`,
    { after },
  );
  return events.nodes.map(({ task }) => task.id);
}
