import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isRunning } from '../support/postgres/data-folder.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { runSql } from '../support/postgres/throw-away-postgres.js';
import { type Client, createClient } from '../support/servers/client.js';
import { anAgent, aTask, claimWork, complete } from '../support/servers/fleet.js';
import { createServerFolder, type ServerProcess, startServer } from '../support/servers/server-process.js';

/** A reviewer program that records its process id and prompt, and answers when the test writes an answer. */
const REVIEWER = `
  const { existsSync, readFileSync, writeFileSync } = require('node:fs');
  const prompt = readFileSync(0, 'utf8');
  writeFileSync('asked', process.pid + '\\n' + prompt);
  const look = () => {
    if (!existsSync('answer')) return setTimeout(look, 20);
    process.stdout.write(readFileSync('answer', 'utf8'));
  };
  look();
`;

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await createServerFolder();
});
afterAll(() => database.drop());

const start = (): Promise<ServerProcess> =>
  startServer({
    databaseUrl: database.url,
    env: {
      MC_GATEWAY: 'command',
      MC_COMMAND: JSON.stringify([process.execPath, '-e', REVIEWER]),
      MC_COMMAND_DIR: folder,
      // Bubblewrap ends a program with its server, and in a sandbox the program has another process id.
      MC_COMMAND_SANDBOX: 'off',
      MC_DISPATCH_BACKOFF: '10ms',
      MC_JOB_INTERVAL: '100ms',
    },
  });

async function aTaskInReview(admin: Client): Promise<string> {
  await admin.ask(
    `mutation { registerAgent(input: { name: "aegis", role: "reviewer", delivery: PUSH }) { errors { code message } } }`,
  );
  const worker = await anAgent(admin, 'worker');
  const { ref } = await aTask(admin, { title: 'Say hello' });
  const { runId } = await claimWork(worker.client);
  await complete(worker.client, { runId, resolution: 'hello' });
  return ref;
}

/** The process id of the called reviewer. */
async function untilAsked(): Promise<number> {
  const pid = await vi.waitFor(
    async () => {
      const [first = '', ...prompt] = (await readFile(join(folder, 'asked'), 'utf8')).split('\n');
      expect(prompt.join('\n')).toContain('hello');
      return Number(first);
    },
    { timeout: 60_000, interval: 20 },
  );
  return pid;
}

interface Reviewed {
  readonly status: string;
  readonly reviews: { readonly nodes: readonly object[] };
  readonly events: { readonly nodes: readonly { readonly type: string }[] };
}

describe('a server that is killed during a review', () => {
  it('leaves the round to the next server, which gets one verdict for it', async () => {
    const first = await start();
    const ref = await aTaskInReview(createClient(first));
    const pid = await untilAsked();
    await first.kill();
    // Ends the dead server's lease, which follows the database's clock.
    await runSql(database.url, "UPDATE review_runs SET lease_expires_at = now() - interval '1 ms'");
    await writeFile(join(folder, 'answer'), 'Checked.\n\nVERDICT: APPROVED\n');

    const second = await start();
    const admin = createClient(second);
    const query = `query ($ref: String!) { task(ref: { ref: $ref }) {
      status reviews { nodes { round verdict superseded reviewer { displayName } } }
      events(first: 100) { nodes { type } } } }`;
    const { task, types } = await vi.waitFor(
      async () => {
        const { task } = await admin.ask<{ task: Reviewed }>(query, { ref });
        const types = task.events.nodes.map(({ type }) => type).filter((type) => /^review\./.test(type));
        // Waits for the log too, which shows an event a moment after its commit.
        expect([task.status, types.at(-1)]).toEqual(['DONE', 'review.submitted']);
        return { task, types };
      },
      { timeout: 60_000, interval: 50 },
    );
    expect(task.reviews.nodes).toEqual([
      { round: 1, verdict: 'APPROVED', superseded: false, reviewer: { displayName: 'aegis' } },
    ]);
    // The program outlived its server and its answer was lost: a failure of the reviewer, not of the task.
    expect(types).toEqual([
      'review.requested',
      'review.claimed',
      'review.failed',
      'review.claimed',
      'review.submitted',
    ]);
    // The program is killed by a signal, which may take effect later.
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 20_000, interval: 10 });
    await second.stop();
  });
});
