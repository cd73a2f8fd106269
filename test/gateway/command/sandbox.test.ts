import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCommandGateway } from '../../../src/gateway/command/command.js';
import { type Isolation, prepareIsolation } from '../../../src/gateway/command/isolation.js';
import { findSandbox } from '../../../src/gateway/command/sandbox/find-sandbox.js';
import type { SandboxKind } from '../../../src/gateway/command/sandbox/sandbox.js';
import { lookUpView } from '../../../src/gateway/command/sandbox/view.js';
import type { Gateway, GatewayAnswer } from '../../../src/gateway/gateway.js';
import { createInstrument } from '../../../src/kernel/instrument.js';
import { aCall, type TestHooks, testHooks } from '../conformance.js';

const PATH = process.env.PATH ?? '';
const environment = { PATH, HOME: process.env.HOME };
const root = fileURLToPath(new URL('../../..', import.meta.url));
const KINDS = ['bwrap', 'unshare'] as const;

/** Not in /tmp, which a sandbox replaces: what it hides there would be hidden anyway. */
const base = await realpath(await mkdtemp(join(root, 'node_modules', '.sandbox-test-')));
const folder = join(base, 'work');
const dataDir = join(base, 'data');
const secretFile = join(base, 'secrets', 'openai');
const extra = await realpath(await mkdtemp(join(tmpdir(), 'mc-extra-')));
await chmod(base, 0o755);
for (const each of [folder, dataDir, join(base, 'secrets')]) await mkdir(each);
await writeFile(join(dataDir, 'admin.key'), 'the admin key');
await writeFile(join(base, 'secrets', 'openai'), 'the OpenAI key');
await symlink(secretFile, join(base, 'secrets', 'link'));
afterAll(async () => {
  for (const each of [base, extra]) await rm(each, { recursive: true, force: true });
});

const view = await lookUpView({
  folder,
  writable: [],
  shown: [],
  hidden: [dataDir],
  home: undefined,
  ids: null,
});
/** Whether namespaces are allowed and the program is installed differs between machines, so only a run can tell. */
const works: Record<SandboxKind, boolean> = { bwrap: false, unshare: false };
for (const kind of KINDS)
  works[kind] = (await findSandbox({ kinds: [kind], view, env: environment, ids: null })).kind === kind;

async function isolate(sandbox: SandboxKind, work: string, user?: string): Promise<Isolation> {
  return prepareIsolation({
    folder: work,
    user,
    sandbox,
    writable: [extra, '~/no-such-folder'],
    dataDir,
    secretFiles: [join(base, 'secrets', 'link')],
    environment,
    instrument: createInstrument(),
  });
}

function textOf(answer: GatewayAnswer): string {
  if (answer.outcome !== 'ANSWERED') throw new Error(JSON.stringify(answer));
  return answer.text.trim();
}

for (const kind of KINDS)
  describe.runIf(works[kind])(`a program in a sandbox of ${kind}`, () => {
    let isolation: Isolation;
    let work: string;
    const open: Gateway[] = [];

    beforeAll(async () => {
      work = await realpath(await mkdtemp(join(tmpdir(), 'mc-work-')));
      isolation = await isolate(kind, work);
    });
    afterEach(() => Promise.all(open.splice(0).map((gateway) => gateway.close())));
    afterAll(() => rm(work, { recursive: true, force: true }));

    function gatewayOf(...argv: string[]): Gateway {
      const gateway = createCommandGateway({
        argv,
        folder: work,
        isolation,
        environment,
        url: () => 'http://x',
      });
      open.push(gateway);
      return gateway;
    }
    const shell = (script: string) => gatewayOf('sh', '-c', `cat >/dev/null; ${script}`);
    const run = async (script: string) => textOf(await shell(script).send(aCall('Go.'), testHooks()));

    it('sees neither the data folder nor the files with secrets', async () => {
      expect(await run(`ls -A ${dataDir}; cat ${dataDir}/admin.key 2>&1; :`)).toMatch(/No such file/);
      expect(await run(`cat ${secretFile} ${base}/secrets/link 2>&1; :`)).not.toContain('the OpenAI key');
    });

    it('sees no process of the server, and so neither its environment nor its memory', async () => {
      expect(Number(await run('ls -d /proc/[0-9]* | wc -l'))).toBeLessThan(15);
      // The process ids of a new namespace are low, so this one belongs to no process in it.
      expect(await run(`cat /proc/${process.pid}/environ 2>/dev/null; echo nothing`)).toBe('nothing');
      expect(await run(`kill -0 ${process.pid} 2>/dev/null || echo nothing`)).toBe('nothing');
    });

    it('may change its working folder, what the setting names and /tmp, and nothing else', async () => {
      const places = [
        work,
        extra,
        '/tmp',
        base,
        dataDir,
        '/etc',
        '/usr',
        process.env.HOME,
        '/proc/sys/kernel',
        '/dev',
      ];
      const script = places.map((place) => `(: >${place}/mark) 2>/dev/null && echo ${place}`).join('; ');
      const writable = (await run(`${script}; :`)).split('\n').filter((place) => place !== '/dev');
      expect(writable).toEqual([work, extra, '/tmp']);
      expect(existsSync(join(work, 'mark'))).toBe(true);
      expect(existsSync('/tmp/mark')).toBe(false);
      await rm(join(work, 'mark'));
    });

    it('can neither undo what hides the data folder nor change a setting of the kernel', async () => {
      const undo = `umount ${dataDir}; umount -l ${dataDir}`;
      const inNamespace = `unshare -Urm sh -c '${undo}; umount -l ${base}; mount -o remount,rw,bind /; ls -A ${dataDir}; : >${base}/mark'`;
      const kernel = readFileSync('/proc/sys/kernel/core_pattern', 'utf8');
      const attack = `(${undo}; ${inNamespace}; : >/proc/sys/kernel/core_pattern) 2>&1; ls -A ${dataDir}; cat ${dataDir}/*; :`;
      expect(await run(attack)).not.toContain('the admin key');
      expect(readFileSync('/proc/sys/kernel/core_pattern', 'utf8')).toBe(kernel);
      expect(existsSync(join(base, 'mark'))).toBe(false);
    });

    it('is found by the start even if the working folder does not exist yet', async () => {
      await expect(isolate(kind, join(work, 'none'))).resolves.toMatchObject({ isSandboxed: true });
    });

    it('keeps its account', async () => {
      expect(await run('id -u')).toBe(String(process.getuid?.()));
    });

    it.runIf(process.getuid?.() === 0)('runs as another account if the setting names one', async () => {
      const own = await realpath(await mkdtemp(join(tmpdir(), 'mc-work-')));
      onTestFinished(() => rm(own, { recursive: true }));
      await chown(own, 4711, 4712);
      const other = await isolate(kind, own, '4711:4712');
      const script = `cat >/dev/null; id -u; id -g; cat "$MC_TASK_FILE" ${dataDir}/admin.key 2>/dev/null; : >mark && ls`;
      const gateway = createCommandGateway({
        argv: ['sh', '-c', script],
        folder: own,
        isolation: other,
        environment,
      });
      open.push(gateway);
      const work = { taskRef: 'TASK-1', runId: 'run_1', task: { ref: 'TASK-1' }, createKey: never };
      expect(textOf(await gateway.send({ ...aCall('Go.'), work } as never, testHooks()))).toBe(
        '4711\n4712\n{\n  "ref": "TASK-1"\n}\nmark',
      );
    });

    it('reaches the network', async () => {
      const http = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
      onTestFinished(() => void http.close());
      await once(http, 'listening');
      const address = http.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const fetching = `fetch('http://127.0.0.1:${port}').then(async (answer) => console.log(await answer.text()))`;
      const answer = await gatewayOf(process.execPath, '-e', fetching).send(aCall('Go.'), testHooks());
      expect(textOf(answer)).toBe('hello');
    });

    it('reads its task from MC_TASK_FILE, and finds /tmp otherwise empty', async () => {
      const task = { ref: 'TASK-1', title: 'A title' };
      const createKey = async () => ({ secret: 'mc_x', revoke: async () => undefined });
      const call = { ...aCall('Go.'), work: { taskRef: 'TASK-1', runId: 'run_1', task, createKey } };
      const answer = await shell('cat "$MC_TASK_FILE"; ls /tmp; echo $TMPDIR').send(
        call as never,
        testHooks(),
      );
      const text = textOf(answer);
      expect(text).toContain('"title": "A title"');
      expect(text).toMatch(/\}\n(mc-extra-\w+\n)?mc-task-\w+\n(mc-work-\w+\n)?\/tmp$/);
    });

    it('writes its answer as it comes, and gets its prompt', async () => {
      const progress: string[] = [];
      const hooks = { ...testHooks(), onProgress: (said: string) => void progress.push(said) };
      const go = join(work, 'go');
      const gateway = gatewayOf(
        'sh',
        '-c',
        `cat; echo first; while [ ! -e ${go} ]; do sleep 0.02; done; echo second`,
      );
      const answer = gateway.send(aCall('The prompt.\n'), hooks);
      await vi.waitFor(() => expect(progress.join('')).toContain('first'), 20_000);
      await writeFile(go, '');
      expect(textOf(await answer)).toBe('The prompt.\nfirst\nsecond');
    });

    it('fails with its exit code and its error', async () => {
      expect(await shell('echo oh >&2; exit 3').send(aCall('Go.'), testHooks())).toMatchObject({
        outcome: 'FAILED',
        permanent: false,
        error: 'The program exited with code 3. oh',
      });
      expect(await shell('kill -SEGV $$').send(aCall('Go.'), testHooks())).toMatchObject({
        outcome: 'FAILED',
      });
    });

    it('is reported as missing like without a sandbox', async () => {
      const answer = await gatewayOf('no-such-program').send(aCall('Go.'), testHooks());
      expect(answer).toMatchObject({
        outcome: 'BROKEN',
        error: 'The program no-such-program was not found.',
      });
    });

    it('is reported if it is in a folder that is empty in the sandbox, and so is a script', async () => {
      const outside = join(await mkdtemp(join('/tmp', 'mc-outside-')), 'work.sh');
      await writeFile(outside, '#!/bin/sh\necho seen\n', { mode: 0o755 });
      for (const [argv, what] of [
        [[outside], 'program'],
        [['sh', outside], 'script'],
      ] as const)
        expect(await gatewayOf(...argv).send(aCall('Go.'), testHooks())).toMatchObject({
          outcome: 'BROKEN',
          error: `The ${what} ${outside} is in a folder that is empty in the sandbox.`,
        });
      await rm(dirname(outside), { recursive: true });
    });

    it('gets SIGTERM when its call is aborted, and may end by itself', async () => {
      const hooks = testHooks();
      const [begun, ended] = [join(work, 'begun'), join(work, 'ended')];
      const script = `trap 'echo bye >${ended}; exit 0' TERM; : >${begun}; while :; do sleep 0.05; done`;
      const answer = shell(script).send(aCall('Go.'), hooks);
      await vi.waitFor(() => expect(existsSync(begun)).toBe(true), 20_000);
      hooks.abort();
      expect(await answer).toMatchObject({ outcome: 'ABORTED' });
      expect(await readFile(ended, 'utf8')).toBe('bye\n');
    });

    it('takes all its processes with it, even those that have left its group and ignore SIGTERM', async () => {
      const hooks = testHooks();
      const { answer } = await startStubborn(hooks);
      hooks.abort();
      expect(await answer).toMatchObject({ outcome: 'ABORTED' });
    });

    it('is ended by the next server if its own has died', async () => {
      const hooks = testHooks();
      const { answer } = await startStubborn(hooks);
      const { state } = hooks.accepted[0]!;
      expect(await gatewayOf('true').recover(aCall('x'), state, testHooks())).toMatchObject({
        outcome: 'FAILED',
      });
      expect(await answer).toMatchObject({ outcome: 'FAILED' });
    });

    /**
     * Its second process has left the group and has its output open, so the answer comes only when that one has ended too.
     * Resolves when both run.
     */
    async function startStubborn(hooks: TestHooks): Promise<{ readonly answer: Promise<GatewayAnswer> }> {
      const file = join(work, 'stubborn');
      await rm(file, { force: true });
      const loop = 'while :; do sleep 1; done';
      const script = `setsid sh -c 'trap "" TERM; : >${file}; ${loop}' & trap '' TERM; ${loop}`;
      const answer = shell(script).send(aCall('Go.'), hooks);
      await vi.waitFor(() => expect(existsSync(file)).toBe(true), 20_000);
      return { answer };
    }
  });

async function never(): Promise<never> {
  throw new Error('no key was asked for');
}
