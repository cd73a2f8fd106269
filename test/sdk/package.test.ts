import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { build } from 'esbuild';
import { publint } from 'publint';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeSdkApi } from '../../scripts/print-sdk-api.js';
import { VERSION } from '../../src/sdk/index.js';
import { parseBlocks } from '../docs/markdown-blocks.js';
import { createTestDatabase } from '../support/postgres/database.js';
import { createClient } from '../support/servers/client.js';
import { anAgent, aTask } from '../support/servers/fleet.js';
import { startServer } from '../support/servers/server-process.js';

/** Packing, installing and compiling take a while on a machine that runs other tests. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

let scratch: string;
let client: string;
let tarball: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'mission-control-client-'));
  await run(process.execPath, [join(root, 'scripts', 'pack-client.mjs'), scratch]);
  client = join(scratch, 'client');
  const [name = ''] = (await readdir(scratch)).filter((file) => file.endsWith('.tgz'));
  tarball = join(scratch, name);
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('the package of the client', () => {
  it('has the name, the version of the server and no dependencies', async () => {
    const manifest = JSON.parse(await readFile(join(client, 'package.json'), 'utf8'));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'mission-control-client', version, sideEffects: false });
    expect(Object.keys(manifest).filter((key) => /dependencies/i.test(key))).toEqual([]);
    expect(VERSION).toBe(version);
  });

  it('contains no code of the server or of Node, and no eval', async () => {
    const code = await readFile(join(client, 'index.js'), 'utf8');
    expect(code).not.toMatch(/^import /m);
    expect(code).not.toMatch(/\b(require|eval)\(|new Function\(|node:/);
  });

  it('is at most 15 KB for createClient, minified and compressed', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `export { createClient } from ${JSON.stringify(join(client, 'index.js'))};`,
        resolveDir: root,
      },
      ...{ bundle: true, minify: true, format: 'esm', write: false },
    });
    const code = outputFiles[0]!.contents;
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(15 * 1_024);
    expect(Buffer.from(code).toString()).not.toContain('The worker stops');
  });

  it('leaves everything else out of a bundle that takes one class of it', async () => {
    const contents = `export { NonRetryableError } from ${JSON.stringify(join(client, 'index.js'))};`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: root },
      ...{ bundle: true, minify: true, format: 'esm', write: false },
    });
    expect(outputFiles[0]!.contents.length).toBeLessThanOrEqual(1_024);
  });

  it('satisfies publint', async () => {
    const { messages } = await publint({ pkgDir: client, pack: false });
    expect(messages).toEqual([]);
  });

  it('has types that every resolver of ES modules finds', async () => {
    const analysis = await checkPackage(
      createPackageFromTarballData(new Uint8Array(await readFile(tarball))),
    );
    if (!analysis.types) throw new Error('the package has no types');
    const ofEsm = analysis.problems.filter(
      (problem) =>
        !('resolutionKind' in problem) || !['node10', 'node16-cjs'].includes(problem.resolutionKind),
    );
    expect(ofEsm).toEqual([]);
  });

  describe('installed in an empty folder without a network', () => {
    beforeAll(async () => {
      await writeFile(join(scratch, 'package.json'), '{ "private": true, "type": "module" }');
      await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: scratch });
    });

    it('runs the quickstart of its guide as a worker that Ctrl-C stops', async () => {
      const [quickstart] = await readSamples();
      await writeFile(join(scratch, 'quickstart.mjs'), quickstart ?? '');
      const database = await createTestDatabase();
      const server = await startServer({ databaseUrl: database.url });
      const admin = createClient(server);
      const agent = await anAgent(admin, 'scout', 2);
      const created = await aTask(admin, { title: 'Say hello', reviewPolicy: 'SKIP' });
      const worker = run(process.execPath, ['quickstart.mjs'], {
        cwd: scratch,
        env: { ...process.env, MC_URL: server.url, MC_API_KEY: agent.client.secret },
      });
      await vi.waitFor(async () => {
        const { task } = await admin.ask(
          'query ($id: ID!) { task(ref: { id: $id }) { status resolution } }',
          {
            id: created.id,
          },
        );
        expect(task).toEqual({ status: 'DONE', resolution: 'Done: Say hello' });
      }, 20_000);
      worker.child.kill('SIGINT');
      expect(await worker).toEqual({ stdout: '', stderr: '' });
      await server.stop();
      await database.drop();
    });

    it('compiles the samples of its guide', async () => {
      const [quickstart = '', ...samples] = await readSamples();
      await symlink(join(root, 'node_modules', '@types'), join(scratch, 'node_modules', '@types'));
      await symlink(
        join(root, 'node_modules', 'undici-types'),
        join(scratch, 'node_modules', 'undici-types'),
      );
      await writeFile(join(scratch, 'quickstart.ts'), quickstart);
      await writeFile(join(scratch, 'samples.ts'), [samplesHead, ...samples.map(inBraces)].join('\n'));
      await writeFile(join(scratch, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const output = await run(process.execPath, [compiler, '--project', scratch], { cwd: scratch }).then(
        ({ stdout }) => stdout,
        (error: { stdout: string }) => error.stdout,
      );
      expect(output).toBe('');
    });
  });
});

describe('the package of the server', () => {
  it('leads from mission-control/sdk to the SDK and its types', async () => {
    const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const places = Object.values<string>(exports['./sdk']).map((path) => readFile(join(root, path), 'utf8'));
    for (const text of await Promise.all(places)) expect(text).toContain('createWorker');
  });

  it('starts a server in an empty folder, from what is packed and without an install script', async () => {
    const folder = await unpackServer();
    const { bin, scripts } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    expect(Object.keys(scripts).filter((name) => /install$/.test(name))).toEqual([]);
    const program = join(folder, bin['mission-control']);
    expect(await readFile(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
    const database = await createTestDatabase();
    const server = await startServer({ databaseUrl: database.url, program });
    expect(await createClient(server).ask('{ viewer { role } }')).toEqual({ viewer: { role: 'ADMIN' } });
    await server.stop();
    await database.drop();
  });
});

describe('schema/sdk-api.md', () => {
  it('lists each member, also one that has the name of a member of errors', () => {
    const api = describeSdkApi();
    expect(/type ClientOptions\n(?: {2}.*\n)* {2}name\?: string/.test(api)).toBe(true);
    expect(api).toContain('type AnswerError\n  extensions?: {');
    expect(/type AnswerError\n(?: {2}.*\n)* {2}message: string/.test(api)).toBe(true);
  });

  it('lists what the SDK exports; if not, run npx tsx scripts/print-sdk-api.ts', async () => {
    expect(await readFile(join(root, 'schema', 'sdk-api.md'), 'utf8')).toBe(describeSdkApi());
  });
});

const compilerOptions = {
  ...{ target: 'ES2022', module: 'NodeNext', strict: true, noEmit: true, types: ['node'] },
  // All types of the package are checked; those that come with the compiler are not.
  ...{ exactOptionalPropertyTypes: true, skipLibCheck: false, skipDefaultLibCheck: true },
};

const samplesHead = `
import { type Client, createReviewer, createWorker, LeaseLostError } from 'mission-control-client';
declare const client: Client;
declare const runId: string;
declare const resolution: string;
declare function readEverythingAgain(): Promise<void>;
`;

/** The blocks of TypeScript in the guide of the package. */
async function readSamples(): Promise<string[]> {
  const guide = await readFile(join(client, 'README.md'), 'utf8');
  return parseBlocks(guide)
    .filter(({ info }) => info.split(' ')[0] === 'ts')
    .map(({ text }) => text);
}

/** Packs the server and unpacks it beside the libraries of the project. */
async function unpackServer(): Promise<string> {
  const folder = join(scratch, 'server');
  await mkdir(folder);
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const [name = ''] = await readdir(folder);
  await run('tar', ['-xzf', name], { cwd: folder });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'package');
}

function inBraces(sample: string): string {
  return `{\n${sample}}\n`;
}
