import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCommandGateway } from '../../src/gateway/command/command.js';
import { applyMigrations } from '../../src/postgres/migrate.js';
import { aProcess } from '../scheduler/job-process.js';
import { aPushAgent, aTaskOf, runsOf, waitForStatus } from '../support/factories/dispatch.js';
import { findPostmasterPid } from '../support/postgres/data-folder.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { startStoppablePostgres } from '../support/postgres/stoppable-postgres.js';
import { createClient } from '../support/servers/client.js';
import { adminSecret, type ServerProcess, startServer } from '../support/servers/server-process.js';

const program = fileURLToPath(new URL('../support/gateways/fake-program.mjs', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mc-programs-'));
});
afterEach(async () => {
  for (const pid of alive()) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Each program creates a file that is named after its process id when it begins. */
const begun = () => readdirSync(folder).map(Number);
const alive = () => begun().filter(isAlive);

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe.runIf(process.platform === 'linux')(
  'a server that is killed before the state of its program is stored',
  () => {
    let database: TestDatabase;
    let server: ServerProcess;

    beforeEach(async () => {
      database = await createTestDatabase();
      server = await start();
    });
    afterEach(async () => {
      await server.kill();
      await database.drop();
    });

    const start = () =>
      startServer({
        databaseUrl: database.url,
        env: {
          MC_GATEWAY: 'command',
          MC_COMMAND: JSON.stringify([process.execPath, program, folder]),
          MC_COMMAND_DIR: folder,
          MC_COMMAND_SANDBOX: 'off',
          MC_JOB_INTERVAL: '100ms',
        },
      });

    it('leaves no program behind, and the next server starts exactly one', async () => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      // Every statement that stores the state of a program waits for this lock.
      await client.query(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_advisory_xact_lock(13); RETURN NEW; END'`);
      await client.query(`CREATE TRIGGER hold BEFORE UPDATE OF gateway_state ON task_runs
      FOR EACH ROW EXECUTE FUNCTION hold()`);
      await client.query('SELECT pg_advisory_lock(13)');
      const admin = createClient(() => server.url, adminSecret);
      await admin.ask(
        'mutation { registerAgent(input: { name: "scout", delivery: PUSH }) { errors { code } } }',
      );
      await admin.ask(`mutation { createTask(input:
      { title: "[[says-and-hangs]]", assignee: { name: "scout" }, reviewPolicy: SKIP }) { errors { code } } }`);
      const waiting = `SELECT pid FROM pg_stat_activity WHERE datname = current_database()
      AND wait_event_type = 'Lock' AND query LIKE '%gateway_state%'`;
      await vi.waitFor(async () => expect((await client.query(waiting)).rowCount).toBe(1), 20_000);
      await server.kill();
      expect(begun()).toEqual([]);
      await client.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) w`);
      await client.query('DROP TRIGGER hold ON task_runs');
      await client.query('SELECT pg_advisory_unlock(13)');
      await client.end();
      server = await start();
      await vi.waitFor(() => expect(alive()).toHaveLength(1), 30_000);
      expect(begun()).toHaveLength(1);
    }, 90_000);
  },
);

describe.runIf(process.platform === 'linux')(
  'a server whose database is frozen for longer than a lease',
  () => {
    it('ends its programs before the lease ends, and releases their tasks when the database is back', async () => {
      const postgres = await startStoppablePostgres();
      await applyMigrations(postgres.url);
      const gateway = createCommandGateway({
        argv: [process.execPath, program, folder],
        folder: undefined,
        environment: {},
      });
      const leaseMs = 10_000;
      const server = await aProcess(postgres.url, { gateways: [gateway], dispatching: { leaseMs } });
      const agent = await aPushAgent(server.services, { config: { gateway: 'command' } });
      const task = await aTaskOf(server.services, agent, { title: '[[says-and-hangs]]' });
      await server.start();
      await vi.waitFor(() => expect(alive()).toHaveLength(1), 20_000);
      const pids = await processesOf(postgres.dataDir);
      for (const pid of pids) process.kill(pid, 'SIGSTOP');
      const frozenAtMs = performance.now();
      try {
        await vi.waitFor(() => expect(alive()).toEqual([]), { timeout: 20_000, interval: 10 });
        expect(performance.now() - frozenAtMs).toBeLessThan(leaseMs);
      } finally {
        for (const pid of pids) process.kill(pid, 'SIGCONT');
      }
      await vi.waitFor(async () => {
        const [run] = await runsOf(server.services, task.id);
        expect(run).toMatchObject({ outcome: 'RELEASED', error: expect.stringContaining('could not renew') });
      }, 20_000);
      expect(await waitForStatus(server.services, task.id, 'IN_PROGRESS')).toMatchObject({
        dispatch_attempts: 0,
      });
      await server.close();
      await gateway.close();
      await postgres.stop();
    }, 90_000);
  },
);

/** The postmaster and all its processes. */
async function processesOf(dataDir: string): Promise<number[]> {
  const postmaster = await findPostmasterPid(dataDir);
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(postmaster)]);
  return [postmaster ?? 0, ...stdout.trim().split('\n').map(Number)];
}
