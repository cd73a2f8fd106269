import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig } from '../../src/config/config.js';
import { listSettings } from '../../src/config/settings.js';

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('parseConfig with mistakes', () => {
  it.each([
    ['MC_HOST', ['http://localhost', 'localhost:80', 'a b', '1.2.3', '999.1.1.1', '-a', 'a..b', '[::1]']],
    ['MC_PORT', ['-1', '65536', '80.5', '0x50', '8e1', 'http', '9'.repeat(400)]],
    ['MC_BASE_PATH', ['mc', '//mc', '/a b', '/a?b', '/a/../b', '/a//b', 'https://a.example/mc']],
    [
      'MC_CORS_ORIGINS',
      [
        '*',
        'https://*.example',
        'a.example',
        'https://a.example/path',
        'ftp://a.example',
        'tauri://localhost/path',
        'javascript://a',
        'file:///srv/page.html',
        'null',
        'https://a.example?',
        'https://u@a.example',
      ],
    ],
    [
      'DATABASE_URL',
      ['mysql://u@h/db', 'localhost/db', 'postgresql:db', 'postgresql://u@h:port/db', 'postgresql://u@h/d b'],
    ],
    ['MC_API_KEY', ['fifteen-letters', 'sixteen letters or more', 'schlüssel-schlüssel', 'x'.repeat(513)]],
    ['MC_SCHEDULER', ['maybe', 'yes please', '2']],
    ['MC_JOB_INTERVAL', ['0s', '9ms', '25h', 'fast', '5', '-5s', 'P1M']],
    ['MC_COORDINATOR_AGENT', ['.aegis', 'two words', 'x'.repeat(64)]],
    ['MC_AGENT_TIMEOUT', ['99ms', '8d']],
    ['MC_STALE_AFTER', ['0s', '8d']],
    ['MC_DISPATCH_CONCURRENCY', ['0', '1001', '1.5']],
    ['MC_DISPATCH_TIMEOUT', ['0s', '25h']],
    ['MC_DISPATCH_BACKOFF', ['301s', '-1s']],
    ['MC_MODEL_COMPLEX', ['two words']],
    ['MC_MODEL_ROUTINE', ['a\tb']],
    ['MC_MODEL_DEFAULT', ['a\u0000b']],
    ['MC_GATEWAY', ['Echo', 'opencalw', 'echo,openai']],
    ['OPENCLAW_GATEWAY_URL', ['http://h', 'ws://', 'ws://u:p@h', 'ws://h?token=t', 'ws://h/#t', 'h:18789']],
    ['OPENCLAW_GATEWAY_TOKEN', ['two words']],
    ['OPENAI_BASE_URL', ['localhost:11434', 'ws://h', 'https://key@h/v1']],
    ['OPENAI_API_KEY', ['clé', 'a\nb']],
    [
      'MC_COMMAND',
      [
        'claude -p',
        '[]',
        '{}',
        '"claude"',
        '[""]',
        '["claude",1]',
        '[null]',
        '["claude","\\u0000"]',
        '["claude"',
      ],
    ],
    ['MC_COMMAND_USER', ['two words', '1000', '-u', '1000:x']],
    ['MC_COMMAND_SANDBOX', ['on', 'docker']],
    ['MC_COMMAND_WRITABLE', ['cache', '/a,b', '~robot/x']],
    ['MC_COMMAND_ENV', ['*', 'A-B', 'GH_*_TOKEN', '1A']],
    ['MC_EVENT_RETENTION', ['0s', '3651d', 'forever']],
    ['MC_LOG_LEVEL', ['verbose', 'INFO', 'warning']],
  ])('refuses a wrong %s and says what it must be', (name, texts) => {
    const accepts = listSettings().find((setting) => setting.name === name)?.kind.description;
    expect(accepts).toBeTruthy();
    for (const text of texts) {
      const problems = problemsOf({ [name]: text });
      expect(problems, text).toHaveLength(1);
      expect(problems[0]).toContain(`${name} must be ${accepts}`);
    }
  });

  it('names all mistakes at once, in the problems and in the message', () => {
    const env = {
      MC_PORT: 'abc',
      MC_API_KEY: 'short',
      MC_PROT: '1',
      MC_ZEBRA_CROSSING: '2',
      MC_AGENT_TIMEOUT: 'soon',
    };
    expect(problemsOf(env)).toEqual([
      'MC_PORT must be a whole number from 0 to 65535, not "abc"',
      'MC_API_KEY must be 16 to 512 printable ASCII characters without spaces (the value is not shown)',
      'MC_AGENT_TIMEOUT must be a duration from 100ms to 7d, not "soon"',
      'MC_PROT is not a setting: did you mean MC_PORT?',
      'MC_ZEBRA_CROSSING is not a setting; docs/operations.md lists them all',
    ]);
    expect(() => parseConfig(env)).toThrow(
      /^5 settings are wrong:\n- MC_PORT must(.|\n)*- MC_ZEBRA_CROSSING is not/,
    );
  });

  it.each([
    ['MC_PORTS', 'MC_PORT'],
    ['mc_port', 'MC_PORT'],
    ['MC_SCHEDULAR', 'MC_SCHEDULER'],
    ['MC_DISPATCH_TIME', 'MC_DISPATCH_TIMEOUT'],
    ['MC_DATABASE_URL', 'DATABASE_URL'],
    ['MC_OPENAI_API_KEY', 'OPENAI_API_KEY'],
  ])('takes %s for a misspelt %s', (name, meant) => {
    expect(problemsOf({ [name]: 'x' })).toEqual([`${name} is not a setting: did you mean ${meant}?`]);
  });

  it('shows neither a secret nor a credential in the wrong setting', () => {
    const wrong = {
      DATABASE_URL: 'mysql://root:hunter2@h/db',
      MC_API_KEY: 'hunter2',
      OPENCLAW_GATEWAY_URL: 'ws://root:hunter2@h?token=hunter2',
      OPENCLAW_GATEWAY_TOKEN: 'hunter2 hunter2',
      OPENAI_BASE_URL: 'https://hunter2@h',
      OPENAI_API_KEY: 'hunter2 hunter2',
      MC_COMMAND: 'claude --api-key hunter2',
      MC_CORS_ORIGINS: 'https://root:hunter2/x@h',
      MC_APIKEY: 'hunter2-hunter2-hunter2',
    };
    const problems = problemsOf(wrong);
    expect(problems).toHaveLength(Object.keys(wrong).length);
    const error = new ConfigError(problems);
    expect(`${error.stack}${inspect(error)}${JSON.stringify(error)}`).not.toContain('hunter2');
  });

  it('shows a wrong value shortened and escaped', () => {
    expect(problemsOf({ MC_PORT: `1\n${'x'.repeat(10_000)}` })).toEqual([
      `MC_PORT must be a whole number from 0 to 65535, not "1\\n${'x'.repeat(78)}…"`,
    ]);
  });

  it('ignores MC_URL, which only clients read', () => {
    expect(problemsOf({ MC_URL: 'http://localhost:4000' })).toEqual([]);
    expect(problemsOf({ MC_DB_URL: 'x' })).toEqual([expect.not.stringContaining('MC_URL')]);
  });

  it('refuses a default gateway without its command or endpoint', () => {
    expect(problemsOf({ MC_GATEWAY: 'command' })).toEqual(['MC_GATEWAY=command needs MC_COMMAND']);
    expect(problemsOf({ MC_GATEWAY: 'openai' })).toHaveLength(1);
    expect(problemsOf({ MC_GATEWAY: 'command', MC_COMMAND: 'wrong' })).toEqual([
      expect.stringMatching(/^MC_COMMAND must/),
    ]);
    expect(problemsOf({ MC_COMMAND: '["true"]' })).toEqual([
      'MC_COMMAND needs MC_COMMAND_DIR, a working folder for programs outside the folders of the server',
    ]);
    expect(problemsOf({ MC_GATEWAY: 'openai', OPENAI_API_KEY: 'k' })).toEqual([]);
    expect(problemsOf({ MC_GATEWAY: 'openai', OPENAI_BASE_URL: 'http://localhost:1/v1' })).toEqual([]);
    expect(problemsOf({ MC_GATEWAY: 'echo' })).toEqual([]);
  });

  it('returns a Config or throws a ConfigError, for every environment', () => {
    const names = fc.constantFrom(
      ...listSettings().map((setting) => setting.name),
      'MC_',
      'MC_X',
      '__proto__',
      'constructor',
    );
    fc.assert(
      fc.property(fc.dictionary(names, fc.string({ unit: 'binary' })), (env) => {
        const before = { ...env };
        problemsOf(env);
        expect(env).toEqual(before);
      }),
    );
  });
});
