import { expect } from 'vitest';
import { createTestDatabase } from '../postgres/database.js';
import { untilLogIsReadableAt } from '../postgres/readable-log.js';
import { expectHarmless } from '../wires/expect-harmless.js';
import type { Call } from '../wires/schema-calls.js';
import { type Client, createClient } from './client.js';
import {
  type Agent,
  anAgent,
  aTask,
  type CreatedTask,
  claimWork,
  complete,
  createKey,
  type Work,
} from './fleet.js';
import { type ServerProcess, startServer } from './server-process.js';

/** A server for everything that nobody should send, with something on it that only some may see. */
export interface BesiegedServer {
  readonly server: ServerProcess;
  readonly databaseUrl: string;
  readonly admin: Client;
  /** One key of each role; the agent's owns nothing. */
  readonly clients: Readonly<Record<'VIEWER' | 'AGENT' | 'OPERATOR' | 'ADMIN', Client>>;
  readonly victim: Agent;
  /** A task of the victim, in progress. */
  readonly secretTask: CreatedTask;
  readonly secretWork: Work;
  /** Sends all the calls with the key of each role; expects that no answer does harm or holds one of the secrets. */
  ask(
    roles: readonly (keyof BesiegedServer['clients'])[],
    calls: readonly Call[],
    secrets?: readonly string[],
  ): Promise<void>;
  /** What anybody could have changed about the secret task. */
  readSecretTask(): Promise<unknown>;
  /** Expects that the server works as ever and has noticed no fault, and stops it. */
  endUnharmed(): Promise<void>;
}

export const secretTitle = 'Known to the victim and to operators only';

export async function startBesiegedServer(): Promise<BesiegedServer> {
  const database = await createTestDatabase();
  const server = await startServer({ databaseUrl: database.url });
  const admin = createClient(server);
  const victim = await anAgent(admin, 'victim', 100);
  const secretTask = await aTask(admin, { title: secretTitle, assignee: { name: 'victim' } });
  const secretWork = await claimWork(victim.client);
  const keyOf = async (role: string) => admin.with((await createKey(admin, { name: role, role })).secret);
  const clients = {
    VIEWER: await keyOf('VIEWER'),
    AGENT: (await anAgent(admin, 'intruder', 100)).client,
    OPERATOR: await keyOf('OPERATOR'),
    ADMIN: admin,
  };
  await untilLogIsReadableAt(database.url);
  return {
    ...{ server, databaseUrl: database.url, admin, clients, victim, secretTask, secretWork },
    readSecretTask: () => readTask(admin, secretTask.id),
    async ask(roles, calls, secrets) {
      for (const role of roles) {
        const answers = await Promise.all(calls.map(({ document }) => clients[role].send(document)));
        for (const answer of answers) expectHarmless(answer, secrets);
      }
    },
    async endUnharmed() {
      await expectNormalWork(admin, victim);
      expect(server.log().filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(server.stderr()).toBe('');
      await database.drop();
    },
  };
}

async function expectNormalWork(admin: Client, { name, client }: Agent): Promise<void> {
  // Before whatever the siege has left in the queue.
  const first = { priority: 'CRITICAL', dueAt: '1970-01-01T00:00:00Z', assignee: { name } };
  const task = await aTask(admin, first);
  const { taskId, runId } = await claimWork(client);
  expect(taskId).toBe(task.id);
  expect(await complete(client, { runId, resolution: 'as ever' })).toBe('REVIEW');
}

async function readTask(client: Client, id: string): Promise<unknown> {
  const { task } = await client.ask(
    `query ($id: ID!) {
      task(ref: { id: $id }) {
        title description status version priority tags metadata assignee { id } resolution
        currentRun { id outcome progress leaseExpiresAt } comments { totalCount } runs { totalCount }
      }
    }`,
    { id },
  );
  return task;
}
