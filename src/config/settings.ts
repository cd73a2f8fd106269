import {
  argv,
  duration,
  host,
  keyList,
  matching,
  oneOf,
  onOrOff,
  origins,
  pathPrefix,
  paths,
  plainUrl,
  postgresUrl,
  type SettingKind,
  secret,
  variableNames,
  wholeNumber,
} from './setting-kinds.js';

/** One environment variable that the server reads. */
export interface Setting<T, Default extends string | undefined = string | undefined> {
  readonly name: string;
  readonly kind: SettingKind<T>;
  /** The text that is used while the variable is unset; undefined leaves the value undefined. */
  readonly default: Default;
  readonly description: string;
}

const agentName = matching(
  /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/,
  'an agent name: up to 63 letters, digits, dots, dashes and underscores',
);
const model = matching(/^[^\s\p{Cc}]+$/u, "a model's name, without spaces");
const token = matching(/^[\x21-\x7e]+$/, 'printable ASCII characters without spaces');

/** The address of an OpenClaw gateway on this machine. */
export const OPENCLAW_URL = 'ws://127.0.0.1:18789';

/**
 * Every setting of the server. The shape of this table is the shape of Config. Parsing, the table in
 * docs/operations.md and the suggestions for misspelt names derive from it.
 */
export const settings = {
  http: {
    host: required('MC_HOST', host, '127.0.0.1', 'Address to listen on; `0.0.0.0` for all.'),
    port: required(
      'MC_PORT',
      wholeNumber(0, 65_535),
      '4000',
      'Port to listen on; 0 chooses a free port and prints it.',
    ),
    basePath: required(
      'MC_BASE_PATH',
      pathPrefix,
      '/',
      'Path prefix under which a proxy serves the server, whether it passes the prefix on or removes it.',
    ),
    corsOrigins: required('MC_CORS_ORIGINS', origins, '', 'Other origins whose web pages may call the API.'),
  },
  dataDir: required(
    'MC_DATA_DIR',
    matching(/^\P{Cc}+$/u, 'a folder'),
    './data',
    'Folder for the embedded PostgreSQL and the admin key.',
  ),
  databaseUrl: optional(
    'DATABASE_URL',
    secret(postgresUrl),
    'Your own PostgreSQL (14 or later) instead of the embedded one.',
  ),
  readTimeoutMs: required(
    'MC_READ_TIMEOUT',
    duration('100ms', '60s'),
    '5s',
    'Time limit of one database statement of a query; a query that needs longer is refused.',
  ),
  apiKey: optional(
    'MC_API_KEY',
    secret(matching(/^[\x21-\x7e]{16,512}$/, '16 to 512 printable ASCII characters without spaces')),
    'The admin key that the first start creates; generated if unset.',
  ),
  scheduler: {
    enabled: required('MC_SCHEDULER', onOrOff, 'on', 'Off: this process runs no jobs.'),
    // Node's timers hold at most 24.8 days and fire at once past that, so the longest intervals stay below it.
    jobIntervalMs: required(
      'MC_JOB_INTERVAL',
      duration('10ms', '24h'),
      '5s',
      'Longest pause between two runs of a job; events wake jobs earlier.',
    ),
  },
  coordinatorAgent: required(
    'MC_COORDINATOR_AGENT',
    agentName,
    'aegis',
    'The agent that reviews finished work.',
  ),
  agentTimeoutMs: required(
    'MC_AGENT_TIMEOUT',
    duration('100ms', '7d'),
    '10m',
    'An agent that makes no call for longer is offline.',
  ),
  staleAfterMs: required(
    'MC_STALE_AFTER',
    duration('100ms', '7d'),
    '10m',
    'How long a task is in progress before it is requeued from an offline agent.',
  ),
  dispatch: {
    concurrency: required(
      'MC_DISPATCH_CONCURRENCY',
      wholeNumber(1, 1_000),
      '8',
      'The maximum number of dispatched runs at the same time in this process.',
    ),
    timeoutMs: required(
      'MC_DISPATCH_TIMEOUT',
      duration('10ms', '24h'),
      '30m',
      'Time limit of one dispatched run.',
    ),
    backoffMs: required(
      'MC_DISPATCH_BACKOFF',
      duration('0s', '5m'),
      '5s',
      'Wait after the first failed dispatch; doubles with each further failure, up to 5 minutes.',
    ),
  },
  models: {
    complex: required('MC_MODEL_COMPLEX', model, 'opus', 'Model for tasks that are routed as complex.'),
    routine: required('MC_MODEL_ROUTINE', model, 'haiku', 'Model for tasks that are routed as routine.'),
    default: optional('MC_MODEL_DEFAULT', model, "Model for all other tasks; the gateway's own if unset."),
  },
  gateway: {
    default: optional(
      'MC_GATEWAY',
      oneOf('openclaw', 'openai', 'command', 'echo'),
      'Gateway for PUSH agents that do not name one.',
    ),
    openclaw: {
      url: required(
        'OPENCLAW_GATEWAY_URL',
        plainUrl('ws', 'wss'),
        OPENCLAW_URL,
        'Address of the OpenClaw gateway.',
      ),
      token: optional('OPENCLAW_GATEWAY_TOKEN', secret(token), "The OpenClaw gateway's token."),
    },
    openai: {
      baseUrl: optional(
        'OPENAI_BASE_URL',
        plainUrl('http', 'https'),
        "An OpenAI-compatible endpoint; OpenAI's own if unset.",
      ),
      apiKey: optional('OPENAI_API_KEY', secret(token), "The OpenAI-compatible endpoint's key."),
    },
    command: optional(
      'MC_COMMAND',
      argv,
      'Program and arguments of the command gateway; `{{model}}`, `{{agent}}` and `{{soul}}` are replaced.',
    ),
    commandDir: optional(
      'MC_COMMAND_DIR',
      matching(/^\P{Cc}+$/u, 'a folder'),
      "Working folder of the command gateway's programs, outside the server's folders; required with `MC_COMMAND`.",
    ),
    commandUser: optional(
      'MC_COMMAND_USER',
      matching(/^([a-z_][a-z0-9_.-]*\$?|\d{1,10}:\d{1,10})$/i, 'the name of an account, or `uid:gid`'),
      "Account of the command gateway's programs; only for a server that root has started.",
    ),
    commandSandbox: required(
      'MC_COMMAND_SANDBOX',
      oneOf('auto', 'bwrap', 'unshare', 'off'),
      'auto',
      "Sandbox of the command gateway's programs, on Linux; `auto` takes the first that works, or none.",
    ),
    commandWritable: required(
      'MC_COMMAND_WRITABLE',
      paths,
      '~/.claude,~/.claude.json,~/.codex',
      'What programs in a sandbox may change besides their working folder; missing paths are skipped.',
    ),
    commandEnv: required(
      'MC_COMMAND_ENV',
      variableNames,
      'ANTHROPIC_*,CLAUDE_*,CODEX_*',
      'Environment variables that programs get besides the usual ones, such as `PATH` and `HOME`.',
    ),
    commandKey: required(
      'MC_COMMAND_KEY',
      onOrOff,
      'off',
      'On: each program of the command gateway gets an API key of its agent, for the time of its run, as MC_API_KEY.',
    ),
  },
  quotas: {
    tasksPerMinute: required(
      'MC_TASKS_PER_MINUTE',
      wholeNumber(1, 10_000_000),
      '60000',
      'How many tasks one API key may create in a minute, on each process.',
    ),
    openTasksPerAgent: required(
      'MC_OPEN_TASKS_PER_AGENT',
      wholeNumber(1, 1_000_000),
      '5000',
      'How many tasks that one agent has created may be open at a time.',
    ),
    waitingClaimsPerKey: required(
      'MC_WAITING_CLAIMS_PER_KEY',
      wholeNumber(1, 100_000),
      '2000',
      'How many claims of one API key may wait at a time, on each process.',
    ),
  },
  webhooks: {
    allowPrivate: required(
      'MC_WEBHOOK_ALLOW_PRIVATE',
      onOrOff,
      'off',
      'On: webhooks may go to this machine and to private networks.',
    ),
    secretKeys: optional(
      'MC_SECRET_KEY',
      secret(keyList),
      'Key that encrypts the secrets of webhooks in the database, the same for all servers; stored as they are if unset.',
    ),
  },
  publicUrl: optional(
    'MC_PUBLIC_URL',
    plainUrl('http', 'https'),
    'Address of this server for people, in links of chat messages; the address on which it listens if unset.',
  ),
  eventRetentionMs: required(
    'MC_EVENT_RETENTION',
    duration('1s', '3650d'),
    '30d',
    'How long events are kept.',
  ),
  traces: {
    endpoint: optional(
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      plainUrl('http', 'https'),
      'Base address of the OpenTelemetry collector, without `/v1/traces`; no traces if unset.',
    ),
    tracesEndpoint: optional(
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      plainUrl('http', 'https'),
      'Full address of the collector; takes precedence over the base address.',
    ),
    protocol: required(
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      oneOf('http/protobuf', 'http/json'),
      'http/protobuf',
      'Protocol for the collector.',
    ),
    serviceName: optional(
      'OTEL_SERVICE_NAME',
      matching(/^\P{Cc}+$/u, 'a name'),
      'Service name in traces; `mission-control` if unset.',
    ),
    disabled: required('OTEL_SDK_DISABLED', onOrOff, 'off', 'On: no traces, even if a collector is set.'),
  },
  logLevel: required(
    'MC_LOG_LEVEL',
    oneOf('debug', 'info', 'warn', 'error', 'silent'),
    'info',
    'Least severe level that is written to the log.',
  ),
} as const;

/** A group of settings that belong together. */
export interface SettingGroup {
  readonly [key: string]: Setting<unknown> | SettingGroup;
}

/** Whether the node is a setting and not a group of settings. */
export function isSetting(node: Setting<unknown> | SettingGroup): node is Setting<unknown> {
  return typeof node.name === 'string';
}

/** All settings, in the order of the documentation. */
export function listSettings(node: Setting<unknown> | SettingGroup = settings): readonly Setting<unknown>[] {
  return isSetting(node) ? [node] : Object.values(node).flatMap((child) => listSettings(child));
}

function required<T>(
  name: string,
  kind: SettingKind<T>,
  fallback: string,
  description: string,
): Setting<T, string> {
  return { name, kind, default: fallback, description };
}

function optional<T>(name: string, kind: SettingKind<T>, description: string): Setting<T, undefined> {
  return { name, kind, default: undefined, description };
}
