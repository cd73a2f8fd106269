import {
  argv,
  duration,
  host,
  matching,
  oneOf,
  onOrOff,
  origins,
  plainUrl,
  postgresUrl,
  type SettingKind,
  secret,
  wholeNumber,
} from './setting-kinds.js';

/** One environment variable that the server reads. */
export interface Setting<T, Default extends string | undefined = string | undefined> {
  readonly name: string;
  readonly kind: SettingKind<T>;
  /** The text that counts while the variable is unset; undefined leaves the value undefined. */
  readonly default: Default;
  readonly description: string;
}

const agentName = matching(
  /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/,
  'an agent name: up to 63 letters, digits, dots, dashes and underscores',
);
const model = matching(/^[^\s\p{Cc}]+$/u, "a model's name, without spaces");
const token = matching(/^[\x21-\x7e]+$/, 'printable ASCII characters without spaces');

/**
 * Every setting of the server. The shape of this table is the shape of Config; parsing, the table in
 * docs/operations.md and the suggestions for misspelt names all come from here.
 */
export const settings = {
  http: {
    host: required('MC_HOST', host, '127.0.0.1', 'Address to listen on; `0.0.0.0` for all.'),
    port: required(
      'MC_PORT',
      wholeNumber(0, 65_535),
      '4000',
      'Port to listen on; 0 takes a free one and prints it.',
    ),
    corsOrigins: required(
      'MC_CORS_ORIGINS',
      origins,
      '',
      'Web pages of other origins that may call the API.',
    ),
  },
  dataDir: required(
    'MC_DATA_DIR',
    matching(/^\P{Cc}+$/u, 'a folder'),
    './data',
    'Holds the embedded PostgreSQL and the admin key.',
  ),
  databaseUrl: optional(
    'DATABASE_URL',
    secret(postgresUrl),
    'A PostgreSQL (14 or later) of your own instead of the embedded one.',
  ),
  apiKey: optional(
    'MC_API_KEY',
    secret(matching(/^[\x21-\x7e]{16,512}$/, '16 to 512 printable ASCII characters without spaces')),
    'The admin key that the first start creates; generated if unset.',
  ),
  scheduler: {
    enabled: required('MC_SCHEDULER', onOrOff, 'on', 'Off: this process runs no jobs.'),
    // Whatever a timer may wait for stays below the 24.8 days that Node can hold, past which it would fire at once.
    jobIntervalMs: required(
      'MC_JOB_INTERVAL',
      duration('10ms', '24h'),
      '5s',
      'Fallback interval of every job; what happens wakes jobs at once.',
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
    'An agent silent for longer is offline.',
  ),
  staleAfterMs: required(
    'MC_STALE_AFTER',
    duration('100ms', '7d'),
    '10m',
    'How long a task stays in progress before it is taken back from an offline agent.',
  ),
  dispatch: {
    concurrency: required(
      'MC_DISPATCH_CONCURRENCY',
      wholeNumber(1, 1_000),
      '8',
      'Dispatched runs at a time in this process.',
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
      'Wait after the first failed dispatch, doubled with each further one up to 5 minutes.',
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
      'Gateway of PUSH agents that name none.',
    ),
    openclaw: {
      url: required(
        'OPENCLAW_GATEWAY_URL',
        plainUrl('ws', 'wss'),
        'ws://127.0.0.1:18789',
        'Where the OpenClaw gateway listens.',
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
      'Program and arguments of the command gateway; `{{model}}`, `{{agent}}` and `{{soul}}` are filled.',
    ),
    commandDir: optional(
      'MC_COMMAND_DIR',
      matching(/^\P{Cc}+$/u, 'a folder'),
      "Where programs of the command gateway run; the server's own folder if unset.",
    ),
  },
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
      'Collector for OpenTelemetry traces, without `/v1/traces`; no traces are made if unset.',
    ),
    tracesEndpoint: optional(
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      plainUrl('http', 'https'),
      'The same as a whole address; it goes before the other.',
    ),
    protocol: required(
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      oneOf('http/protobuf', 'http/json'),
      'http/protobuf',
      'What the collector is spoken to in.',
    ),
    serviceName: optional(
      'OTEL_SERVICE_NAME',
      matching(/^\P{Cc}+$/u, 'a name'),
      'What traces say they come from; `mission-control` if unset.',
    ),
    disabled: required('OTEL_SDK_DISABLED', onOrOff, 'off', 'On: no traces, whatever else is set.'),
  },
  logLevel: required(
    'MC_LOG_LEVEL',
    oneOf('debug', 'info', 'warn', 'error', 'silent'),
    'info',
    'The least severe log lines to write.',
  ),
} as const;

/** A group of settings that belong together. */
export interface SettingGroup {
  readonly [key: string]: Setting<unknown> | SettingGroup;
}

/** Tells a setting from a group of them. */
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
