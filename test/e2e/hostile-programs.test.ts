import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { findSandbox } from '../../src/gateway/command/sandbox/find-sandbox.js';
import { lookUpView } from '../../src/gateway/command/sandbox/view.js';
import { findPostmasterPid } from '../support/postgres/data-folder.js';
import { createClient } from '../support/servers/client.js';
import { aTask } from '../support/servers/fleet.js';
import {
  createServerFolder,
  runServer,
  type ServerProcess,
  startServer,
} from '../support/servers/server-process.js';

/**
 * Looks for the secrets of the server as a program may: in its own environment, in the data folder, in the environment of
 * every process in /proc, and in the database, as its superuser. Answers with what it has found.
 */
const THIEF = `
  const fs = require('node:fs');
  const { join } = require('node:path');
  const { execFileSync } = require('node:child_process');
  const [, dataDir, pgFile, ...secrets] = process.argv;
  const attempt = (work) => { try { return String(work()); } catch { return ''; } };
  const all = (folder, name) => attempt(() => fs.readdirSync(folder).map((each) => attempt(() => fs.readFileSync(join(folder, each, name)))).join());
  const database = attempt(() => execFileSync(process.execPath, ['-e', \`
    const pg = require(\${JSON.stringify(pgFile)});
    const client = new pg.Client({ user: 'mission_control', database: 'mission_control', host: \${JSON.stringify(join(dataDir, 'postgres'))} });
    client.connect().then(() => client.query('SELECT count(*) FROM api_keys')).then(() => { console.log('in'); process.exit(); }, () => process.exit());
  \`]));
  const places = {
    environment: JSON.stringify(process.env),
    'data folder': all(dataDir, '') + all(join(dataDir, 'postgres'), ''),
    'server process': attempt(() => fs.readFileSync('/proc/' + process.ppid + '/environ')) + all('/proc', 'environ'),
    'secret file': attempt(() => fs.readFileSync(join(dataDir, '..', secrets[0]))),
  };
  const found = Object.entries(places).filter(([, text]) => secrets.some((secret) => text.includes(secret))).map(([place]) => place);
  if (all(dataDir, '').includes('mc_')) found.push('admin key');
  if (database.includes('in')) found.push('database');
  const changed = [join(pgFile, '..', 'mark'), process.env.HOME + '/.mission-control-mark', '/etc/mission-control-mark'].filter((path) => attempt(() => { fs.writeFileSync(path, ''); fs.rmSync(path); return 'changed'; }) === 'changed');
  process.stdout.write(JSON.stringify({ found, changed: changed.length }));
`;

const pgFile = new URL('../../node_modules/pg/lib/index.js', import.meta.url).pathname;

/** Whether namespaces are allowed here. Containers and security modules often forbid them, so only a run can tell. */
const view = await lookUpView({
  folder: tmpdir(),
  writable: [],
  shown: [],
  hidden: [],
  home: undefined,
  ids: null,
});
const found = await findSandbox({
  kinds: ['bwrap', 'unshare'],
  view,
  env: { PATH: process.env.PATH },
  ids: null,
});
const canIsolate = found.kind !== null;

const servers: ServerProcess[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** Lets a thief work for a server with an embedded PostgreSQL, and returns the answer that its task shows. */
async function steal(env: Readonly<Record<string, string>>) {
  const [dataDir, work, secrets] = [
    await createServerFolder(),
    await createServerFolder(),
    await createServerFolder(),
  ];
  await writeFile(join(secrets, 'openai'), 'sk-in-a-file', { mode: 0o600 });
  const known = ['sk-in-a-file', 'token-in-the-environment'];
  const server = await startServer({
    dataDir,
    env: {
      MC_COMMAND: JSON.stringify([process.execPath, '-e', THIEF, dataDir, pgFile, ...known]),
      MC_COMMAND_DIR: work,
      OPENAI_API_KEY_FILE: join(secrets, 'openai'),
      OPENCLAW_GATEWAY_TOKEN: 'token-in-the-environment',
      ...env,
    },
  });
  servers.push(server);
  const admin = createClient(server, server.adminKey);
  await admin.ask(
    'mutation { registerAgent(input: { name: "thief", delivery: PUSH, config: { gateway: "command" } }) { errors { message } } }',
  );
  const { id } = await aTask(admin, { assignee: { name: 'thief' } });
  const resolution = await vi.waitFor(
    async () => {
      const { node } = await admin.ask<{ node: { resolution: string | null } }>(
        'query ($id: ID!) { node(id: $id) { ... on Task { resolution } } }',
        { id },
      );
      return JSON.parse(node.resolution ?? '') as { found: string[]; changed: number };
    },
    { timeout: 60_000, interval: 50 },
  );
  const said = server.log().filter(({ event }) => event.startsWith('programs.'));
  return { resolution, said };
}

describe('a server with programs', () => {
  it('does not start if they would work in its data folder, and says what to do', async () => {
    const dataDir = await createServerFolder();
    const env = { MC_COMMAND: '["true"]', MC_COMMAND_DIR: join(dataDir, 'work') };
    const { code, stderr } = await runServer({ dataDir, env });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^Mission Control did not start\. MC_COMMAND_DIR names .* Name a folder that is neither/,
    );
    expect(await findPostmasterPid(dataDir)).toBeNull();
  });
});

describe('a program of the command gateway that looks for the secrets of the server', () => {
  it.runIf(canIsolate)('finds none in a sandbox, and changes nothing outside of its folder', async () => {
    const { resolution, said } = await steal({});
    expect(said).toMatchObject([{ level: 'info', event: 'programs.isolated' }]);
    expect(resolution).toEqual({ found: [], changed: 0 });
  });

  it('never gets them in its own environment, and the log says what it can read without a sandbox', async () => {
    const { resolution, said } = await steal({ MC_COMMAND_SANDBOX: 'off' });
    expect(said).toMatchObject([
      {
        level: 'warn',
        event: 'programs.not_isolated',
        message: expect.stringContaining('can read its admin key'),
      },
    ]);
    expect(resolution.found).not.toContain('environment');
    // What a sandbox prevents: the test above would prove nothing if the thief failed by itself.
    expect(resolution.found).toEqual(expect.arrayContaining(['admin key', 'database']));
    if (process.platform === 'linux') expect(resolution.found).toContain('server process');
  });

  it.runIf(process.getuid?.() === 0)('finds none as another user, even without a sandbox', async () => {
    const { resolution, said } = await steal({ MC_COMMAND_SANDBOX: 'off', MC_COMMAND_USER: '4711:4711' });
    expect(said).toMatchObject([{ level: 'info', event: 'programs.isolated' }]);
    expect(resolution.found).toEqual([]);
  });
});
