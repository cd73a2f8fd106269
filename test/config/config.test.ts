import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { type Config, parseConfig, takeEnvironment } from '../../src/config/config.js';
import { listSettings } from '../../src/config/settings.js';
import type { Secret } from '../../src/kernel/secret.js';

describe('parseConfig without any variable', () => {
  it('returns the documented defaults', () => {
    expect(parseConfig({})).toStrictEqual({
      http: { host: '127.0.0.1', port: 4000, basePath: '', corsOrigins: [] },
      dataDir: './data',
      databaseUrl: undefined,
      readTimeoutMs: 5_000,
      apiKey: undefined,
      scheduler: { enabled: true, jobIntervalMs: 5_000 },
      coordinatorAgent: 'aegis',
      agentTimeoutMs: 600_000,
      staleAfterMs: 600_000,
      dispatch: { concurrency: 8, timeoutMs: 1_800_000, backoffMs: 5_000 },
      models: { complex: 'opus', routine: 'haiku', default: undefined },
      gateway: {
        default: undefined,
        openclaw: { url: 'ws://127.0.0.1:18789', token: undefined },
        openai: { baseUrl: undefined, apiKey: undefined },
        command: undefined,
        commandDir: undefined,
        commandUser: undefined,
        commandSandbox: 'auto',
        commandWritable: ['~/.claude', '~/.claude.json', '~/.codex'],
        commandEnv: ['ANTHROPIC_*', 'CLAUDE_*', 'CODEX_*'],
        commandKey: false,
      },
      quotas: { tasksPerMinute: 60_000, openTasksPerAgent: 5_000, waitingClaimsPerKey: 2_000 },
      webhooks: { allowPrivate: false, secretKeys: undefined },
      publicUrl: undefined,
      eventRetentionMs: 2_592_000_000,
      traces: {
        endpoint: undefined,
        tracesEndpoint: undefined,
        protocol: 'http/protobuf',
        serviceName: undefined,
        disabled: false,
      },
      logLevel: 'info',
      secretFiles: [],
    } satisfies Config);
  });

  it('counts an empty or blank variable as unset, even an unknown one', () => {
    const blank = Object.fromEntries(listSettings().map(({ name }, index) => [name, index % 2 ? '' : ' \t']));
    expect(parseConfig({ ...blank, MC_SID: '', MC_TMPDIR: undefined })).toStrictEqual(parseConfig({}));
  });

  it('ignores the variables of other programs', () => {
    expect(parseConfig({ PATH: '/bin', OPENAI_ORG_ID: 'x', OPENCLAW_HOME: 'y', MCP: '1' })).toStrictEqual(
      parseConfig({}),
    );
  });
});

describe('parseConfig', () => {
  const full = {
    MC_HOST: '::1',
    MC_PORT: '0',
    MC_BASE_PATH: '/tools/mission-control/',
    MC_CORS_ORIGINS:
      'https://a.example, http://localhost:5173/,HTTPS://A.example:443, tauri://localhost, vscode-webview://1ab:2',
    MC_DATA_DIR: '/var/lib/mission control',
    DATABASE_URL: 'postgresql://mc:hunter2-db@db.internal:5432/mc?sslmode=require',
    MC_READ_TIMEOUT: '300ms',
    MC_API_KEY: 'hunter2-admin-key',
    MC_SCHEDULER: 'off',
    MC_JOB_INTERVAL: '250ms',
    MC_COORDINATOR_AGENT: 'argus.2',
    MC_AGENT_TIMEOUT: 'PT2M',
    MC_STALE_AFTER: '1d',
    MC_DISPATCH_CONCURRENCY: '32',
    MC_DISPATCH_TIMEOUT: '2h',
    MC_DISPATCH_BACKOFF: '0s',
    MC_MODEL_COMPLEX: '9router/cc/claude-opus-4-6',
    MC_MODEL_ROUTINE: 'small',
    MC_MODEL_DEFAULT: ' medium ',
    MC_GATEWAY: 'command',
    OPENCLAW_GATEWAY_URL: 'wss://claw.example/gw',
    OPENCLAW_GATEWAY_TOKEN: 'hunter2-claw',
    OPENAI_BASE_URL: 'http://localhost:11434/v1',
    OPENAI_API_KEY: 'hunter2-openai',
    MC_COMMAND: '["claude","-p","--model","{{model}}",""]',
    MC_COMMAND_DIR: '/srv/work',
    MC_COMMAND_USER: 'robot',
    MC_COMMAND_SANDBOX: 'bwrap',
    MC_COMMAND_WRITABLE: '~/.claude, /srv/cache',
    MC_COMMAND_ENV: 'ANTHROPIC_*, GH_TOKEN',
    MC_COMMAND_KEY: 'on',
    MC_TASKS_PER_MINUTE: '600',
    MC_OPEN_TASKS_PER_AGENT: '50',
    MC_WAITING_CLAIMS_PER_KEY: '10',
    MC_WEBHOOK_ALLOW_PRIVATE: 'on',
    MC_SECRET_KEY: 'the-key-that-encrypts-the-secrets-of-webhooks,and-a-former-one-that-decrypts-older-ones',
    MC_PUBLIC_URL: 'https://tasks.example/mc',
    MC_EVENT_RETENTION: 'P1W',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/v1/traces',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_SERVICE_NAME: 'fleet',
    OTEL_SDK_DISABLED: 'true',
    MC_LOG_LEVEL: 'silent',
  };

  it('reads every setting', () => {
    expect(Object.keys(full)).toEqual(listSettings().map((setting) => setting.name));
    expect(JSON.parse(JSON.stringify(parseConfig(full)))).toEqual({
      http: {
        host: '::1',
        port: 0,
        basePath: '/tools/mission-control',
        corsOrigins: [
          'https://a.example',
          'http://localhost:5173',
          'tauri://localhost',
          'vscode-webview://1ab:2',
        ],
      },
      dataDir: '/var/lib/mission control',
      databaseUrl: '[secret]',
      readTimeoutMs: 300,
      apiKey: '[secret]',
      scheduler: { enabled: false, jobIntervalMs: 250 },
      coordinatorAgent: 'argus.2',
      agentTimeoutMs: 120_000,
      staleAfterMs: 86_400_000,
      dispatch: { concurrency: 32, timeoutMs: 7_200_000, backoffMs: 0 },
      models: { complex: '9router/cc/claude-opus-4-6', routine: 'small', default: 'medium' },
      gateway: {
        default: 'command',
        openclaw: { url: 'wss://claw.example/gw', token: '[secret]' },
        openai: { baseUrl: 'http://localhost:11434/v1', apiKey: '[secret]' },
        command: ['claude', '-p', '--model', '{{model}}', ''],
        commandDir: '/srv/work',
        commandUser: 'robot',
        commandSandbox: 'bwrap',
        commandWritable: ['~/.claude', '/srv/cache'],
        commandEnv: ['ANTHROPIC_*', 'GH_TOKEN'],
        commandKey: true,
      },
      quotas: { tasksPerMinute: 600, openTasksPerAgent: 50, waitingClaimsPerKey: 10 },
      webhooks: { allowPrivate: true, secretKeys: '[secret]' },
      publicUrl: 'https://tasks.example/mc',
      eventRetentionMs: 604_800_000,
      traces: {
        endpoint: 'http://localhost:4318',
        tracesEndpoint: 'https://collector.example/v1/traces',
        protocol: 'http/json',
        serviceName: 'fleet',
        disabled: true,
      },
      logLevel: 'silent',
      secretFiles: [],
    });
  });

  it('shows a secret only through its reveal method', () => {
    const config = parseConfig(full);
    const { databaseUrl, apiKey, gateway } = config;
    const secrets = [databaseUrl, apiKey, gateway.openclaw.token, gateway.openai.apiKey];
    expect(secrets.map((secret) => secret?.reveal())).toEqual([
      full.DATABASE_URL,
      full.MC_API_KEY,
      full.OPENCLAW_GATEWAY_TOKEN,
      full.OPENAI_API_KEY,
    ]);
    const shown = [
      JSON.stringify(config),
      inspect(config, { depth: null, showHidden: true }),
      inspect(config, { depth: null, customInspect: false }),
      ...secrets.map((secret) => `${secret}`),
    ].join('\n');
    expect(shown).not.toContain('hunter2');
    expect(shown).toContain('[secret]');
  });

  it('freezes the settings deeply', () => {
    const isFrozenDeep = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(isFrozenDeep));
    expect(isFrozenDeep(parseConfig(full))).toBe(true);
  });

  it('accepts durations in the short form and as ISO 8601', () => {
    const written = (text: string) => parseConfig({ MC_AGENT_TIMEOUT: text }).agentTimeoutMs;
    expect(['90s', 'PT90S', 'PT1M30S', ' PT1M30S\r'].map(written)).toEqual([90_000, 90_000, 90_000, 90_000]);
  });

  it.each(['on', 'ON', 'true', '1'])('runs jobs with MC_SCHEDULER=%s', (text) => {
    expect(parseConfig({ MC_SCHEDULER: text }).scheduler.enabled).toBe(true);
  });

  it.each(['off', 'Off', 'false', '0'])('runs no jobs with MC_SCHEDULER=%s', (text) => {
    expect(parseConfig({ MC_SCHEDULER: text }).scheduler.enabled).toBe(false);
  });

  it.each(['localhost', '0.0.0.0', '::', 'fe80::1%eth0', 'mission-control_1', 'a.b.example'])(
    'listens on %s',
    (text) => {
      expect(parseConfig({ MC_HOST: text }).http.host).toBe(text);
    },
  );

  it.each([
    'postgres://u@h/db',
    'postgresql:///db?host=/var/run/postgresql',
    'postgresql://u:p%40ss@[::1]:5433/db',
  ])('takes the database %s', (text) => {
    expect(parseConfig({ DATABASE_URL: text }).databaseUrl?.reveal()).toBe(text);
  });

  it.each(listSettings().filter((setting) => setting.default))(
    'accepts its own default for $name',
    (setting) => {
      expect(parseConfig({ [setting.name]: setting.default })).toStrictEqual(parseConfig({}));
    },
  );

  it("keeps every interval within the range of Node's timers", () => {
    const longest = {
      MC_JOB_INTERVAL: '24h',
      MC_DISPATCH_TIMEOUT: '24h',
      MC_AGENT_TIMEOUT: '7d',
      MC_STALE_AFTER: '7d',
    };
    const { scheduler, dispatch, agentTimeoutMs, staleAfterMs } = parseConfig(longest);
    expect(Math.max(scheduler.jobIntervalMs, dispatch.timeoutMs, agentTimeoutMs, staleAfterMs)).toBeLessThan(
      2 ** 31,
    );
  });

  it('gives every setting its narrow type', () => {
    const { gateway, logLevel, apiKey, http } = parseConfig({});
    expectTypeOf(gateway.default).toEqualTypeOf<'openclaw' | 'openai' | 'command' | 'echo' | undefined>();
    expectTypeOf(logLevel).toEqualTypeOf<'debug' | 'info' | 'warn' | 'error' | 'silent'>();
    expectTypeOf(apiKey).toEqualTypeOf<Secret | undefined>();
    expectTypeOf(http).toEqualTypeOf<{
      readonly host: string;
      readonly port: number;
      readonly basePath: string;
      readonly corsOrigins: readonly string[];
    }>();
  });
});

describe('MC_CORS_ORIGINS', () => {
  it.each([
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://1b2c3d4e-0000-4000-8000-000000000000',
    'safari-web-extension://1b2c3d4e-0000-4000-8000-000000000000',
    'file://',
    'app://obsidian.md',
    'app://.',
    'tauri://localhost',
    'vscode-webview://1ab2c3',
    'vscode-file://vscode-app',
    'capacitor://localhost',
  ])('takes %s, which is not of a web page', (origin) => {
    expect(parseConfig({ MC_CORS_ORIGINS: origin }).http.corsOrigins).toEqual([origin]);
  });
});

describe('takeEnvironment', () => {
  it('returns a copy of the environment, and removes the secrets from the process', () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-hunter2');
    const taken = takeEnvironment();
    expect(taken.PATH).toBe(process.env.PATH);
    expect(taken.OPENAI_API_KEY).toBe('sk-hunter2');
    expect(process.env).not.toHaveProperty('OPENAI_API_KEY');
    taken.MC_PORT = '1';
    expect(process.env.MC_PORT).not.toBe('1');
  });
});
