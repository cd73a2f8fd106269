import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../src/config/config.js';
import { listSecretNames } from '../../src/config/environment.js';

const folder = mkdtempSync(join(tmpdir(), 'mc-secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));

function aFile(text: string): string {
  const path = join(mkdtempSync(join(folder, 'one-')), 'secret');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('a secret in a file', () => {
  it('is read for every setting that is a secret, without the whitespace around it', () => {
    const files = {
      DATABASE_URL_FILE: aFile('postgresql://u:hunter2@h/db\n'),
      MC_API_KEY_FILE: aFile('hunter2-admin-key\r\n'),
      OPENCLAW_GATEWAY_TOKEN_FILE: aFile('hunter2-claw\n\n'),
      OPENAI_API_KEY_FILE: aFile(' hunter2-openai'),
      MC_SECRET_KEY_FILE: aFile('hunter2-hunter2-hunter2-hunter2-key\n'),
    };
    expect(listSecretNames().map((name) => `${name}_FILE`)).toEqual(Object.keys(files));
    const { databaseUrl, apiKey, gateway, webhooks, secretFiles } = parseConfig(files);
    const secrets = [databaseUrl, apiKey, gateway.openclaw.token, gateway.openai.apiKey, webhooks.secretKeys];
    expect(secrets.map((secret) => secret?.reveal())).toEqual([
      'postgresql://u:hunter2@h/db',
      'hunter2-admin-key',
      'hunter2-claw',
      'hunter2-openai',
      'hunter2-hunter2-hunter2-hunter2-key',
    ]);
    expect(secretFiles).toEqual(Object.values(files));
  });

  it('counts as the setting where another setting needs it', () => {
    expect(parseConfig({ MC_GATEWAY: 'openai', OPENAI_API_KEY_FILE: aFile('sk') }).gateway.default).toBe(
      'openai',
    );
  });

  it('is refused beside the variable itself', () => {
    const env = { OPENAI_API_KEY: 'sk-hunter2', OPENAI_API_KEY_FILE: aFile('sk-hunter2') };
    expect(problemsOf(env)).toEqual([
      'OPENAI_API_KEY and OPENAI_API_KEY_FILE are both set: unset one of them',
    ]);
  });

  it.each([
    ['is missing', () => join(folder, 'none'), "can't be read (ENOENT)"],
    ['is a folder', () => folder, "can't be read (EISDIR)"],
    ['is empty', () => aFile(' \n'), 'is empty'],
    ['is far too large', () => aFile('x'.repeat(70_000)), 'is too large for a secret'],
  ])('is refused if the file %s', (_why, path, problem) => {
    const env = { MC_GATEWAY: 'openai', OPENAI_API_KEY_FILE: path() };
    expect(problemsOf(env)).toEqual([`OPENAI_API_KEY_FILE names a file that ${problem}`]);
  });

  it('is not shown if it is wrong, and the message names its variable', () => {
    expect(problemsOf({ MC_API_KEY_FILE: aFile('hunter2') })).toEqual([
      expect.stringMatching(
        /^MC_API_KEY_FILE must name a file with 16 to 512 .* \(the value is not shown\)$/,
      ),
    ]);
  });

  it('is no choice for settings that are no secrets, and a misspelt name gets a suggestion', () => {
    expect(problemsOf({ MC_PORT_FILE: aFile('1') })[0]).toContain('MC_PORT_FILE is not a setting');
    expect(problemsOf({ MC_API_KEY_FIEL: 'x' })).toEqual([
      'MC_API_KEY_FIEL is not a setting: did you mean MC_API_KEY_FILE?',
    ]);
  });
});
