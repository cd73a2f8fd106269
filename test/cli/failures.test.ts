import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMc, type Mc, mcPath } from '../support/cli/mc.js';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/postgres/database.js';
import { type ServerProcess, startServer } from '../support/servers/server-process.js';
import { UNUSED_PORT } from '../support/servers/unused-port.js';

let database: TestDatabase;
let server: ServerProcess;
let mc: Mc;
/** Without address and key in its environment. */
let bare: Mc;

interface Task {
  readonly ref: string;
  readonly status: string;
  readonly title: string;
}

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startServer({ databaseUrl: database.url });
  [mc, bare] = [await createMc(server), await createMc()];
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** Each group of tests works with an agent of its own, so that the order of the groups does not matter. */
async function anAgent(name: string): Promise<void> {
  await mc.json(['agent', 'register', name, '--no-accepts-inbox', '--max-capacity', '5']);
}

const aTask = (agent: string, title = 'A task') =>
  mc.json<Task>(['task', 'create', title, '--assignee', agent]);

describe('a refusal', () => {
  it('is one line that says what to do, with exit code 1, and typed JSON with --json', async () => {
    await anAgent('refused');
    const { ref } = await aTask('refused');
    const plain = await mc.run(['task', 'complete', ref, '--resolution', 'x']);
    expect(plain).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^✕ .+\n$/) });
    const { code, stderr } = await mc.run(['task', 'complete', ref, '--resolution', 'x', '--json']);
    expect({ code, error: JSON.parse(stderr).error }).toMatchObject({
      code: 1,
      error: { code: expect.stringMatching(/^[A-Z_]+$/), message: expect.any(String), exitCode: 1 },
    });
  });

  it.each([
    { args: ['task', 'show', 'TASK-99999'], code: 1, says: 'There is no task TASK-99999' },
    { args: ['task', 'create'], code: 2, says: '<title> is missing' },
    { args: ['task', 'create', 'A', '--priority', 'urgent'], code: 2, says: '--priority' },
    { args: ['task', 'create', 'A', '--colour', 'red'], code: 2, says: "unknown option '--colour'" },
    { args: ['tsak', 'list'], code: 2, says: "unknown command 'tsak'. Did you mean task?\n" },
    { args: ['whoami', '--fields', 'rol'], code: 2, says: 'Did you mean role?' },
    { args: ['task'], code: 2, says: 'Which command?' },
    { args: [], code: 2, says: 'Which command?' },
    { args: ['task', 'list', '--json', '--plain'], code: 2, says: 'exclude each other' },
    { args: ['cron', 'create', '--body', '{'], code: 2, says: '--body is no JSON' },
    { args: ['top'], code: 2, says: 'needs a terminal' },
    { args: ['worker', '--timeout', '0s', '--', 'true'], code: 2, says: '--timeout must be longer' },
    { args: ['graphql', '{ nothing }'], code: 2, says: 'nothing' },
    { args: ['whoami', '--api-key', 'mc_unknown_key_0123456789'], code: 3, says: 'mc login' },
    { args: ['whoami', '--url', 'ftp://host'], code: 2, says: 'ftp://host' },
  ])('of $args ends with $code', async ({ args, code, says }) => {
    const result = await mc.run(args);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    expect(result.stderr).toContain(says);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  it('for want of rights ends with 4', async () => {
    const { secret } = await mc.json<{ secret: string }>(['key', 'create', 'reader', '--role', 'viewer']);
    const result = await mc.run(['task', 'create', 'A', '--api-key', secret]);
    expect(result).toMatchObject({ code: 4, stderr: expect.stringContaining('mc whoami') });
  });

  it.runIf(existsSync('/dev/full'))('for want of room for the answer ends with 1', () => {
    const args = ['-c', '"$0" "$@" >/dev/full', process.execPath, mcPath, 'whoami'];
    const { status, stderr } = spawnSync('bash', args, { env: { ...mc.env }, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining('The answer cannot be written'),
    });
  });

  it('whose text has no reader keeps its exit code', () => {
    // The reader of the pipe has ended before the command starts.
    const script = 'exec 9> >(true); wait $!; "$0" "$@" 2>&9';
    const { status } = spawnSync('bash', ['-c', script, process.execPath, mcPath, 'tsak'], {
      env: { ...mc.env },
    });
    expect(status).toBe(2);
  });

  it('without a server ends with 5 within seconds', async () => {
    const url = `http://127.0.0.1:${UNUSED_PORT}`;
    const result = await mc.run(['task', 'list', '--url', url]);
    expect(result).toMatchObject({ code: 5, stderr: expect.stringContaining('mc doctor') });
  });
});

describe('the connection', () => {
  it('is asked for without a config: no key is exit code 3', async () => {
    const result = await bare.run(['task', 'list']);
    expect(result).toMatchObject({ code: 3, stderr: expect.stringContaining('mc login') });
  });

  it('is kept by login in a file for the user alone, and options precede the environment, which precedes the file', async () => {
    const login = ['login', '--url', server.url, '--key', '-'];
    const { path } = await bare.json<{ path: string }>(login, { stdin: `${server.adminKey}\n` });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    expect(await bare.json(['whoami'])).toMatchObject({ role: 'ADMIN' });
    const env = { MC_API_KEY: 'mc_unknown_key_0123456789' };
    expect(await bare.run(['whoami'], { env })).toMatchObject({ code: 3 });
    expect(await bare.json(['whoami', '--api-key', server.adminKey], { env })).toMatchObject({
      role: 'ADMIN',
    });
    // The key of the login belongs to its server.
    const other = await bare.run(['whoami', '--url', `http://localhost:${new URL(server.url).port}`]);
    expect(other).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(`the login is for ${server.url}`),
    });
  });

  it('refuses a key that does not work and keeps the present login', async () => {
    const other = await createMc();
    const login = await other.run(['login', '--url', server.url, '--key', 'mc_unknown_key_0123456789']);
    expect(login).toMatchObject({ code: 3 });
    expect(await other.run(['whoami', '--url', server.url])).toMatchObject({ code: 3 });
    expect(await other.run(['login', '--url', server.url])).toMatchObject({ code: 2 });
  });

  it('names a config that cannot be read', async () => {
    const broken = await createMc();
    const folder = join(broken.folder, 'config', 'mission-control');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'config.json'), '{');
    const { code, stderr } = await broken.run(['whoami']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('mc login') });
  });
});

describe('the other commands', () => {
  it('doctor passes on a healthy server, and names what is wrong without one', async () => {
    const healthy = await mc.json<{ isOk: boolean; text: string }[]>(['doctor']);
    expect(healthy.filter(({ isOk }) => !isOk)).toEqual([]);
    const url = `http://127.0.0.1:${UNUSED_PORT}`;
    const { code, stdout } = await bare.run(['doctor', '--plain', '--url', url], { env: { MC_PROT: '1' } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✕ MC_PROT is not a setting: did you mean MC_PORT\?/);
    expect(stdout).toMatch(/✕ .* does not answer .*\n {2}Start the server/);
  });

  it('graphql sends a document with variables, and schema prints the schema', async () => {
    const { ref } = await mc.json<Task>(['task', 'create', 'Asked for']);
    const document = 'query($ref: String!) { task(ref: { ref: $ref }) { title } }';
    const { stdout } = await mc.run(['graphql', document, '--var', `ref=${ref}`]);
    expect(JSON.parse(stdout)).toEqual({ task: { title: 'Asked for' } });
    expect((await mc.run(['schema'])).stdout).toBe(await readFile('schema/schema.graphql', 'utf8'));
  });

  it('open prints a link that signs a browser in once', async () => {
    const { url } = await mc.json<{ url: string }>(['open']);
    expect(url).toMatch(new RegExp(`^${server.url}/#sign-in=`));
    const exchange = () =>
      fetch(`${server.url}/api/sign-in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ code: url.split('#sign-in=')[1] }),
      });
    expect((await exchange()).status).toBe(201);
    expect((await exchange()).status).toBe(401);
  });

  it('prime says in at most 1,500 tokens how an agent works', async () => {
    await anAgent('primed');
    await aTask('primed', 'Wait for primed');
    const { stdout } = await mc.run(['prime', '--agent', 'primed']);
    // A token of English text with code has three characters and more.
    expect(stdout.length / 3).toBeLessThan(1_500);
    expect(stdout).toContain('mc task claim --agent primed --json');
    expect(stdout).toContain('Wait for primed');
  });

  it('skills install writes a section once and keeps what is around it', async () => {
    const file = join(mc.folder, 'CLAUDE.md');
    await writeFile(file, '# Rules\n\nBe kind.\n');
    const install = () => mc.json(['skills', 'install', '--file', file]);
    expect(await install()).toMatchObject({ isNew: true });
    const once = await readFile(file, 'utf8');
    expect(await install()).toMatchObject({ isNew: false });
    expect(await readFile(file, 'utf8')).toBe(once);
    expect(once).toMatch(/^# Rules\n\nBe kind\.\n\n<!-- mission-control:begin/);
  });

  it.each(['bash', 'zsh', 'fish'])('completion prints a script for %s', async (shell) => {
    const { code, stdout } = await bare.run(['completion', shell]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('preview') });
  });

  it('completion of bash knows commands and options', async () => {
    const { stdout } = await bare.run(['completion', 'bash']);
    const complete = (...words: string[]) =>
      execFileSync('bash', [
        '-c',
        `${stdout}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _mc; echo "\${COMPREPLY[@]}"`,
        'bash',
        ...words,
      ])
        .toString()
        .trim()
        .split(' ');
    expect(complete('mc', 'cr')).toEqual(['cron']);
    expect(complete('mc', 'task', 'rel')).toEqual(['release']);
    expect(complete('mc', 'cron', 'create', '--sch')).toEqual(['--schedule']);
  });

  it('help shows pages and the help of a command', async () => {
    for (const page of ['agents', 'schedules', 'queue'])
      expect((await bare.run(['help', page])).stdout.trim().split('\n').length).toBeLessThanOrEqual(12);
    expect((await bare.run(['help', 'task', 'create'])).stdout).toContain('Examples:');
    expect(await bare.run(['help', 'tusk'])).toMatchObject({ code: 2 });
    expect(await bare.run(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });

  it('key revoke takes a name that only one valid key has', async () => {
    const create = () => mc.json<{ apiKey: { id: string } }>(['key', 'create', 'twice', '--role', 'viewer']);
    const [first] = [await create(), await create()];
    const ambiguous = await mc.run(['key', 'revoke', 'twice']);
    expect(ambiguous).toMatchObject({ code: 1, stderr: expect.stringContaining('give the id') });
    await mc.json(['key', 'revoke', first.apiKey.id]);
    expect(await mc.json(['key', 'revoke', 'twice'])).toMatchObject({ name: 'twice' });
    expect(await mc.run(['key', 'revoke', 'twice'])).toMatchObject({ code: 1 });
  });

  it('serve is the server, and so is mission-control without arguments', async () => {
    const env = { DATABASE_URL: database.url, MC_PORT: '0', MC_API_KEY: server.adminKey };
    const serving = bare.start(['serve'], { env });
    await serving.until(/GraphQL and GraphiQL: http/);
    serving.signal('SIGTERM');
    expect(await serving.ended).toMatchObject({ code: 0, stderr: '' });
    const program = join(mcPath, '..', 'mission-control.js');
    const started = await startServer({ databaseUrl: database.url, program });
    expect(await started.stop()).toEqual({ code: 0, signal: null });
    expect(execFileSync(process.execPath, [program, '--version']).toString()).toBe('0.1.0\n');
  });

  it('a command that waits ends at once when it is interrupted', async () => {
    await anAgent('waiting');
    const waiting = mc.start(['task', 'claim', '--agent', 'waiting', '--wait', '60', '--verbose']);
    await vi.waitFor(() => expect(waiting.stderr()).toContain('ClaimNextTask'), 20_000);
    waiting.signal('SIGINT');
    expect(await waiting.ended).toMatchObject({ code: 130, stdout: '' });
  });

  it('migrate applies the migrations of an empty database, and nothing the second time', async () => {
    const empty = await createEmptyDatabase();
    const env = { DATABASE_URL: empty.url };
    expect((await bare.json<{ applied: string[] }>(['migrate'], { env })).applied.length).toBeGreaterThan(0);
    expect(await bare.json(['migrate'], { env })).toEqual({ applied: [] });
    await empty.drop();
  });
});

describe('the start', () => {
  it('of a command takes at most 100 ms of the processor longer than that of Node.js itself', () => {
    // The machine is shared with other tests, so that the time on the clock says little.
    const fastest = (args: readonly string[]) =>
      Math.min(...Array.from({ length: 5 }, () => processorMs([process.execPath, ...args])));
    expect(fastest([mcPath, '--version']) - fastest(['-e', '0'])).toBeLessThan(100);
  });
});

/** The processor time of a program, in milliseconds: bash prints that of its children in the second line of `times`. */
function processorMs(command: readonly string[]): number {
  const times = execFileSync('bash', ['-c', '"$0" "$@" >/dev/null; times', ...command]).toString();
  const [, children = ''] = times.split('\n');
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1_000,
    0,
  );
}
