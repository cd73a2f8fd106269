import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_ANSWER_LENGTH } from '../../../src/gateway/answer-text.js';
import { createCommandGateway } from '../../../src/gateway/command/command.js';
import { aCall, describeConformance, type FarSide, testHooks } from '../conformance.js';

const program = fileURLToPath(new URL('../../support/gateways/fake-program.mjs', import.meta.url));
const gatewayIn = (folder: string, ...args: string[]) =>
  createCommandGateway({
    argv: [process.execPath, program, folder, ...args],
    folder: undefined,
    environment: {},
  });

/** Programs leave a file with their number as its name. */
const numbersIn = (folder: string) => readdirSync(folder).map(Number);

/** One that has ended and that nobody has taken note of yet is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function openPrograms(): Promise<FarSide & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'mc-programs-'));
  return {
    folder,
    gateway: gatewayIn(folder),
    withNobodyThere: createCommandGateway({ argv: ['no-such-program'], folder: undefined, environment: {} }),
    secret: 'there is none',
    begun: () => numbersIn(folder).length,
    atWork: () => numbersIn(folder).filter(isAlive).length,
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
  disconnect: { outcome: 'FAILED', permanent: false, error: 'The program was ended by SIGSEGV.' },
  oversize: { outcome: 'ANSWERED', text: 'x'.repeat(MAX_ANSWER_LENGTH) },
  garbage: { outcome: 'ANSWERED' },
  'nobody-there': {
    outcome: 'FAILED',
    permanent: true,
    error: 'The program no-such-program could not be started: ENOENT.',
  },
});

describe('the command gateway', () => {
  let far: Awaited<ReturnType<typeof openPrograms>>;
  beforeAll(async () => {
    far = await openPrograms();
  });
  afterAll(async () => {
    await far.gateway.close();
    await far.close();
  });

  async function factsOf(gateway = far.gateway, call = aCall('[[facts]]')) {
    const answer = await gateway.send(call, testHooks());
    if (answer.outcome !== 'ANSWERED') throw new Error(JSON.stringify(answer));
    return JSON.parse(answer.text);
  }

  it('shows a program the environment that it was given and no more', async () => {
    vi.stubEnv('MC_API_KEY', 'mc_secret_of_the_server');
    const gateway = createCommandGateway({
      argv: [process.execPath, program, far.folder],
      folder: undefined,
      environment: { HOME: '/home/somebody' },
    });
    const { env } = await factsOf(gateway);
    expect(env).toMatchObject({ HOME: '/home/somebody' });
    expect(env).not.toHaveProperty('MC_API_KEY');
    await gateway.close();
  });

  it('runs programs in the folder that is set, and names a folder that is not there', async () => {
    const settings = { argv: [process.execPath, program, far.folder], environment: {} };
    const there = createCommandGateway({ ...settings, folder: far.folder });
    expect((await factsOf(there)).cwd).toBe(far.folder);
    const away = createCommandGateway({ ...settings, folder: '/no/such/folder' });
    const error = 'The folder /no/such/folder for programs is not there.';
    expect(await away.send(aCall('x'), testHooks())).toEqual({ outcome: 'FAILED', permanent: true, error });
    expect(await away.probe(new AbortController().signal)).toEqual({ reachable: false, error });
    await Promise.all([there.close(), away.close()]);
  });

  it('puts a standing instruction before the prompt, or where an argument asks for it', async () => {
    const call = aCall('[[facts]] $(reboot); `reboot`', { soul: 'You are careful.' });
    expect(await factsOf(far.gateway, call)).toMatchObject({
      argv: [],
      prompt: 'You are careful.\n\n[[facts]] $(reboot); `reboot`',
    });
    const gateway = gatewayIn(far.folder, '--system', '{{soul}}', '--model={{model}}');
    expect(await factsOf(gateway, call)).toMatchObject({
      argv: ['--system', 'You are careful.', '--model=stub/fast'],
      prompt: '[[facts]] $(reboot); `reboot`',
    });
    await gateway.close();
  });

  it('takes the answer of a program that does not read its prompt', async () => {
    const gateway = createCommandGateway({
      argv: ['/bin/echo', 'hello'],
      folder: undefined,
      environment: {},
    });
    const call = aCall('x'.repeat(1_000_000));
    expect(await gateway.send(call, testHooks())).toMatchObject({ outcome: 'ANSWERED', text: 'hello\n' });
    await gateway.close();
  });

  it('ends what a program has left behind, and does not wait for it', async () => {
    const answer = await far.gateway.send(aCall('[[leftover]]'), testHooks());
    expect(answer).toMatchObject({ outcome: 'ANSWERED', text: 'Done, and left something behind.' });
    await vi.waitFor(() => expect(far.atWork()).toBe(0), 20_000);
  });

  it('calls something that is no program a mistake of the settings', async () => {
    const gateway = createCommandGateway({ argv: ['/'], folder: undefined, environment: {} });
    expect(await gateway.send(aCall('x'), testHooks())).toMatchObject({ outcome: 'FAILED', permanent: true });
    await gateway.close();
  });

  it('knows that a program without a recorded acceptance never got its prompt', async () => {
    expect(await far.gateway.recover(aCall('x'), null, testHooks())).toMatchObject({ outcome: 'NOT_BEGUN' });
  });

  it('ends what a server that died has left running, and counts it as failed', async () => {
    const hooks = testHooks();
    const answer = far.gateway.send(aCall('[[hang]]'), hooks);
    await vi.waitFor(() => expect(far.atWork()).toBe(2), 20_000);
    const { state } = hooks.accepted[0]!;
    const successor = gatewayIn(far.folder);
    expect(await successor.recover(aCall('x'), state, testHooks())).toMatchObject({
      outcome: 'FAILED',
      permanent: false,
      error: expect.stringContaining('its answer is lost'),
    });
    await vi.waitFor(() => expect(far.atWork()).toBe(0), 20_000);
    expect(await answer).toMatchObject({ outcome: 'FAILED', error: expect.stringContaining('SIGKILL') });
    await successor.close();
  });

  it('leaves a process alone that only has the number of the one it looks for', async () => {
    const hooks = testHooks();
    const answer = far.gateway.send(aCall('[[hang]]'), hooks);
    await vi.waitFor(() => expect(far.atWork()).toBe(2), 20_000);
    const { state } = hooks.accepted[0]!;
    const earlier = { ...state, identity: String(state.identity).replace(/\d+$/, '1') };
    expect(await far.gateway.recover(aCall('x'), earlier, testHooks())).toMatchObject({ outcome: 'FAILED' });
    const elsewhere = { ...state, identity: `another-machine ${state.identity}` };
    expect(await far.gateway.recover(aCall('x'), elsewhere, testHooks())).toEqual({ outcome: 'UNKNOWN' });
    expect(far.atWork()).toBe(2);
    hooks.abort();
    expect(await answer).toEqual({ outcome: 'ABORTED' });
  });
});
