import { afterEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/config.js';
import { createGateways } from '../../src/gateway/create-gateways.js';
import type { Gateway } from '../../src/gateway/gateway.js';
import { createInstrument } from '../../src/kernel/instrument.js';

const common = { environment: {}, secretFiles: [], instrument: createInstrument() };
const open: Gateway[] = [];
afterEach(() => Promise.all(open.splice(0).map((gateway) => gateway.close())));

async function namesWith(env: Record<string, string>): Promise<string[]> {
  const surroundings = { ...common, dataDir: '/no/such/folder' };
  const gateways = await createGateways(parseConfig(env).gateway, surroundings);
  open.push(...gateways.values());
  for (const [name, gateway] of gateways) expect(gateway).toMatchObject({ name, kind: name });
  return [...gateways.keys()].sort();
}

describe('the gateways of a process', () => {
  it('are echo and OpenClaw by default', async () => {
    expect(await namesWith({})).toEqual(['echo', 'openclaw']);
  });

  it('include the others if their settings are given', async () => {
    expect(await namesWith({ MC_COMMAND: '["true"]', MC_COMMAND_DIR: '/no/such/work' })).toEqual([
      'command',
      'echo',
      'openclaw',
    ]);
    expect(await namesWith({ OPENAI_API_KEY: 'sk-x' })).toEqual(['echo', 'openai', 'openclaw']);
    expect(await namesWith({ OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' })).toEqual([
      'echo',
      'openai',
      'openclaw',
    ]);
  });

  it('need a device key only for an OpenClaw gateway on another machine, and report a missing one', async () => {
    const surroundings = { ...common, dataDir: '/dev/null/data' };
    const probe = async (OPENCLAW_GATEWAY_URL: string) => {
      const gateways = await createGateways(parseConfig({ OPENCLAW_GATEWAY_URL }).gateway, surroundings);
      open.push(...gateways.values());
      return gateways.get('openclaw')?.probe(new AbortController().signal);
    };
    for (const host of ['127.0.0.1', 'localhost', '[::1]'])
      expect(await probe(`ws://${host}:1`)).toMatchObject({ error: expect.stringContaining('be reached') });
    expect(await probe('ws://gateway.invalid:1')).toEqual({
      reachable: false,
      error: expect.stringContaining('key of this device'),
      remedy: expect.stringContaining('OPENCLAW_GATEWAY_URL'),
    });
  });
});
