import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_ANSWER_LENGTH } from '../../../src/gateway/answer-text.js';
import { createCommandGateway } from '../../../src/gateway/command/command.js';
import type { Acceptance } from '../../../src/gateway/gateway.js';
import { aCall, describeConformance, type GatewayFixture, testHooks } from '../conformance.js';

const program = fileURLToPath(new URL('../../support/gateways/fake-program.mjs', import.meta.url));
const gatewayIn = (folder: string, ...args: string[]) =>
  createCommandGateway({
    argv: [process.execPath, program, folder, ...args],
    folder: undefined,
    environment: {},
  });

/** Each program creates a file that is named after its process id. */
const numbersIn = (folder: string) => readdirSync(folder).map(Number);

/** A process that has ended but was not reaped yet does not count as alive. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Expects that the process sleeps before it becomes the program, which never sleeps in this test. */
function expectAsleep(pid: number): void {
  expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('exec "$@"');
  expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) S /);
}

async function openPrograms(): Promise<GatewayFixture & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mc-programs-'));
  return {
    folder,
    gateway: gatewayIn(folder),
    unreachable: createCommandGateway({ argv: ['no-such-program'], folder: undefined, environment: {} }),
    secret: 'there is none',
    countBegun: () => numbersIn(folder).length,
    countUnderWay: () => numbersIn(folder).filter(isAlive).length,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

describeConformance('command', openPrograms, {
  good: { outcome: 'ANSWERED', text: 'Done: Do it. [[good]]', usage: null },
  empty: { outcome: 'ANSWERED', text: '' },
  error: {
    outcome: 'FAILED',
    permanent: false,
    error: 'The program exited with code 3. the model is on holiday',
  },
  slow: { outcome: 'ANSWERED', text: 'Done, slowly.' },
  disconnect: { outcome: 'FAILED', permanent: false, error: 'The program was ended by SIGSEGV. Half an ans' },
  oversize: { outcome: 'ANSWERED', text: 'x'.repeat(MAX_ANSWER_LENGTH) },
  garbage: { outcome: 'ANSWERED' },
  unreachable: {
    outcome: 'BROKEN',
    error: 'The program no-such-program was not found.',
    remedy: 'Install the program for the user that runs the server, or change MC_COMMAND or MC_COMMAND_DIR.',
  },
});

describe('the command gateway', () => {
  let fixture: Awaited<ReturnType<typeof openPrograms>>;
  beforeAll(async () => {
    fixture = await openPrograms();
  });
  afterAll(async () => {
    await fixture.gateway.close();
    await fixture.close();
  });

  async function factsOf(gateway = fixture.gateway, call = aCall('[[facts]]')) {
    const answer = await gateway.send(call, testHooks());
    if (answer.outcome !== 'ANSWERED') throw new Error(JSON.stringify(answer));
    return JSON.parse(answer.text);
  }

  it('gives a program the configured environment and nothing else', async () => {
    vi.stubEnv('MC_API_KEY', 'mc_secret_of_the_server');
    const gateway = createCommandGateway({
      argv: [process.execPath, program, fixture.folder],
      folder: undefined,
      environment: { HOME: '/home/somebody' },
    });
    const { env } = await factsOf(gateway);
    expect(env).toMatchObject({ HOME: '/home/somebody' });
    expect(env).not.toHaveProperty('MC_API_KEY');
    await gateway.close();
  });

  it('takes the output of a program that exits with 42 for a question', async () => {
    const question = aCall('[[print]]\n{"text":"Which port?","code":42}');
    expect(await fixture.gateway.send(question, testHooks())).toMatchObject({
      outcome: 'ANSWERED',
      text: 'Which port?',
      asks: true,
    });
    const result = aCall('[[print]]\n{"text":"Which port?"}');
    expect(await fixture.gateway.send(result, testHooks())).not.toHaveProperty('asks');
  });

  it('runs programs in the configured folder, and reports a folder that does not exist', async () => {
    const settings = { argv: [process.execPath, program, fixture.folder], environment: {} };
    const there = createCommandGateway({ ...settings, folder: fixture.folder });
    expect((await factsOf(there)).cwd).toBe(fixture.folder);
    const away = createCommandGateway({ ...settings, folder: '/no/such/folder' });
    const error = 'The folder /no/such/folder for programs does not exist.';
    const broken = { error, remedy: expect.stringContaining('MC_COMMAND_DIR') };
    expect(await away.send(aCall('x'), testHooks())).toEqual({ outcome: 'BROKEN', ...broken });
    expect(await away.probe(new AbortController().signal)).toEqual({ reachable: false, ...broken });
    await Promise.all([there.close(), away.close()]);
  });

  it('reports a script that does not exist like a program, and lets an interpreter have other arguments', async () => {
    const at = (...argv: string[]) =>
      createCommandGateway({ argv, folder: undefined, environment: process.env });
    const missing = at('sh', '/no/such/script.sh');
    const broken = { error: 'The script /no/such/script.sh was not found.' };
    expect(await missing.send(aCall('x'), testHooks())).toMatchObject({ outcome: 'BROKEN', ...broken });
    expect(await missing.probe(new AbortController().signal)).toMatchObject({ reachable: false, ...broken });
    const inline = at('sh', '-c', 'cat /no/such/script.sh; echo done');
    expect(await inline.send(aCall('x'), testHooks())).toMatchObject({ outcome: 'ANSWERED', text: 'done\n' });
    await Promise.all([missing.close(), inline.close()]);
  });

  it('puts a standing instruction before the prompt, or into the argument that contains it', async () => {
    const call = aCall('[[facts]] $(reboot); `reboot`', { soul: 'You are careful.' });
    expect(await factsOf(fixture.gateway, call)).toMatchObject({
      argv: [],
      prompt: 'You are careful.\n\n[[facts]] $(reboot); `reboot`',
    });
    const gateway = gatewayIn(fixture.folder, '--system', '{{soul}}', '--model={{model}}');
    expect(await factsOf(gateway, call)).toMatchObject({
      argv: ['--system', 'You are careful.', '--model=stub/fast'],
      prompt: '[[facts]] $(reboot); `reboot`',
    });
    await gateway.close();
  });

  it('accepts the answer of a program that does not read its prompt', async () => {
    const gateway = createCommandGateway({
      argv: ['/bin/echo', 'hello'],
      folder: undefined,
      environment: {},
    });
    const call = aCall('x'.repeat(1_000_000));
    expect(await gateway.send(call, testHooks())).toMatchObject({ outcome: 'ANSWERED', text: 'hello\n' });
    await gateway.close();
  });

  it('kills the processes that a program has left, and does not wait for them', async () => {
    const answer = await fixture.gateway.send(aCall('[[leftover]]'), testHooks());
    expect(answer).toMatchObject({ outcome: 'ANSWERED', text: 'Done, and left something behind.' });
    await vi.waitFor(() => expect(fixture.countUnderWay()).toBe(0), 20_000);
  });

  it('reports a file that is not a program as a permanent failure', async () => {
    const gateway = createCommandGateway({ argv: ['/'], folder: undefined, environment: {} });
    expect(await gateway.send(aCall('x'), testHooks())).toMatchObject({ outcome: 'BROKEN' });
    await gateway.close();
  });

  it('blames the call and not the settings where the call names the program', async () => {
    const gateway = createCommandGateway({ argv: ['run-{{agent}}'], folder: undefined, environment: {} });
    expect(await gateway.send(aCall('x'), testHooks())).toMatchObject({ outcome: 'FAILED', permanent: true });
    await gateway.close();
  });

  it('lets a program begin only after its state was stored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mc-begun-'));
    const mark = join(folder, 'begun');
    const gateway = createCommandGateway({
      argv: ['/bin/sh', '-c', `echo begun >${mark}; echo done`],
      folder: undefined,
      environment: {},
    });
    const onAccepted = vi.fn(async ({ state }: Acceptance) => {
      if (process.platform === 'linux') await vi.waitFor(() => expectAsleep(Number(state.pid)), 20_000);
      expect(existsSync(mark)).toBe(false);
    });
    const answer = await gateway.send(aCall('x'), { ...testHooks(), onAccepted });
    expect(answer).toMatchObject({ outcome: 'ANSWERED', text: 'done\n' });
    expect(onAccepted).toHaveBeenCalledWith(expect.objectContaining({ mustBeStored: true }));
    expect(existsSync(mark)).toBe(true);
    await rm(folder, { recursive: true });
    await gateway.close();
  });

  it('does not begin a program whose state can not be stored', async () => {
    const begun = fixture.countBegun();
    const onAccepted = () => Promise.reject(new Error('the run was lost'));
    const sent = fixture.gateway.send(aCall('x'), { ...testHooks(), onAccepted });
    await expect(sent).rejects.toThrow('the run was lost');
    expect(fixture.countBegun()).toBe(begun);
  });

  it('recovers a program without a recorded acceptance as not begun', async () => {
    expect(await fixture.gateway.recover(aCall('x'), null, testHooks())).toMatchObject({
      outcome: 'NOT_BEGUN',
    });
  });

  it('kills the program of a server that died, and recovers it as failed', async () => {
    const hooks = testHooks();
    const answer = fixture.gateway.send(aCall('[[hang]]'), hooks);
    await vi.waitFor(() => expect(fixture.countUnderWay()).toBe(2), 20_000);
    const { state } = hooks.accepted[0]!;
    const successor = gatewayIn(fixture.folder);
    expect(await successor.recover(aCall('x'), state, testHooks())).toMatchObject({
      outcome: 'FAILED',
      permanent: false,
      error: expect.stringContaining('its answer is lost'),
    });
    await vi.waitFor(() => expect(fixture.countUnderWay()).toBe(0), 20_000);
    expect(await answer).toMatchObject({ outcome: 'FAILED', error: expect.stringContaining('SIGKILL') });
    await successor.close();
  });

  it('does not kill another process that has the same id', async () => {
    const hooks = testHooks();
    const answer = fixture.gateway.send(aCall('[[hang]]'), hooks);
    await vi.waitFor(() => expect(fixture.countUnderWay()).toBe(2), 20_000);
    const { state } = hooks.accepted[0]!;
    const earlier = { ...state, identity: String(state.identity).replace(/\d+$/, '1') };
    expect(await fixture.gateway.recover(aCall('x'), earlier, testHooks())).toMatchObject({
      outcome: 'FAILED',
    });
    const elsewhere = { ...state, identity: `another-machine ${state.identity}` };
    expect(await fixture.gateway.recover(aCall('x'), elsewhere, testHooks())).toEqual({ outcome: 'UNKNOWN' });
    expect(fixture.countUnderWay()).toBe(2);
    hooks.abort();
    expect(await answer).toEqual({ outcome: 'ABORTED' });
  });
});
