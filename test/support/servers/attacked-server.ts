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

/** A server for hostile requests, with a task that only some keys may see. */
export interface AttackedServer {
  readonly server: ServerProcess;
  readonly databaseUrl: string;
  readonly admin: Client;
  /** One client per role. The agent has no tasks. */
  readonly clients: Readonly<Record<'VIEWER' | 'AGENT' | 'OPERATOR' | 'ADMIN', Client>>;
  readonly victim: Agent;
  /** A task of the victim, in progress. */
  readonly secretTask: CreatedTask;
  readonly secretWork: Work;
  /** Sends all calls with the key of each role. Expects harmless answers without the secrets. */
  ask(
    roles: readonly (keyof AttackedServer['clients'])[],
    calls: readonly Call[],
    secrets?: readonly string[],
  ): Promise<void>;
  /** Reads the fields of the secret task that an attacker could have changed. */
  readSecretTask(): Promise<unknown>;
  /** Expects that the server still works and has logged no fault, and stops it. */
  stopUnharmed(): Promise<void>;
}

/** The title of the task that only the victim and operators may see. */
export const secretTitle = 'Known to the victim and to operators only';

/** @param env - settings that differ from the default ones. */
export async function startAttackedServer(
  env: Readonly<Record<string, string>> = {},
): Promise<AttackedServer> {
  const database = await createTestDatabase();
  const server = await startServer({ databaseUrl: database.url, env });
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
    async stopUnharmed() {
      await expectNormalWork(admin, victim);
      expect(server.log().filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(server.stderr()).toBe('');
      await database.drop();
    },
  };
}

async function expectNormalWork(admin: Client, { name, client }: Agent): Promise<void> {
  // First in the queue, before all tasks that the attacks have left.
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
