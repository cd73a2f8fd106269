import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../src/config/config.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { createServerFolder, type ServerProcess, startServer } from '../support/servers/server-process.js';
import { createCloneFolder, expectNoErrors, paste, readSteps, removeCloneFolder } from './paste.js';

/** Some twenty programs are started one after the other, on a machine that runs other tests. */
vi.setConfig({ testTimeout: 120_000 });

const page = 'docs/agent-setup.md';
const worker = fileURLToPath(new URL('../../examples/worker.sh', import.meta.url));

let database: TestDatabase;
let server: ServerProcess;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const env = {
    DATABASE_URL: database.url,
    MC_COMMAND: JSON.stringify(['bash', worker]),
    // A sandbox has an empty /tmp, so it would not find the script in a checkout below /tmp.
    MC_COMMAND_SANDBOX: 'off',
    MC_COMMAND_DIR: await createServerFolder(),
    MC_COMMAND_KEY: 'on',
  };
  server = await startServer({ env });
  folder = await createCloneFolder(server);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await removeCloneFolder(folder);
});

describe('docs/agent-setup.md, pasted into a shell', () => {
  it('sets up an agent that asks and one whose script is called', async () => {
    const answers = await paste(await readSteps(page), server, folder);
    expectNoErrors(answers);
    const shown = answers.map((answer) => JSON.stringify(answer));
    expect(shown.join('\n')).toContain('"progress":"Half of it is written","progressPercent":50');
    expect(shown.join('\n')).toContain('"model":"opus","usage":{"costUsd":0.02}');
    expect(answers.at(-1)?.data?.task).toEqual({
      status: 'REVIEW',
      resolution: 'Done: Count the files (TASK-2)\n',
      runs: { nodes: [{ outcome: 'SUCCEEDED', progress: expect.any(String), progressPercent: 10 }] },
    });
  });

  it('starts the server with commands that it accepts', () => {
    const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
    const commands = [...text.matchAll(/MC_COMMAND='([^']+)'/g)].map(([, command]) => command);
    expect(commands).toHaveLength(3);
    for (const command of commands)
      expect(parseConfig({ MC_COMMAND: command, MC_COMMAND_DIR: '/srv/work' }).gateway.command).toEqual(
        JSON.parse(command ?? ''),
      );
  });
});
