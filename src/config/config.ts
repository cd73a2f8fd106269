import { findClosest } from '../kernel/closest-match.js';
import { isHidden } from './setting-kinds.js';
import {
  isSetting,
  listSettings,
  OPENCLAW_URL,
  type Setting,
  type SettingGroup,
  settings,
} from './settings.js';

type ValuesOf<Node> =
  Node extends Setting<infer T, infer Default>
    ? Default extends string
      ? T
      : T | undefined
    : { readonly [Key in keyof Node]: ValuesOf<Node[Key]> };

/** Every setting of the server, typed. Durations are in milliseconds. */
export type Config = ValuesOf<typeof settings>;

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment contains mistakes. The message names all of them and quotes no secret. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'A setting is' : `${problems.length} settings are`} wrong:\n- ${problems.join('\n- ')}`,
    );
    this.name = 'ConfigError';
  }
}

/** A copy of the process's environment, for parseConfig. No other code in the server reads `process.env`. */
export function readEnvironment(): Record<string, string | undefined> {
  return { ...process.env };
}

/** Credentials that are not settings of the server: for PostgreSQL's clients and for the trace collector. */
const FURTHER_SECRETS = /^(PGPASSWORD|PGPASSFILE|PGSERVICEFILE|OTEL_.*)$/;

/** The environment for programs that the server starts: without the server's own settings and credentials. */
export function environmentForPrograms(env: Environment): Record<string, string | undefined> {
  const own = new Set(listSettings().map((setting) => setting.name));
  const isSecret = (name: string) => own.has(name) || FURTHER_SECRETS.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSecret(name.toUpperCase())));
}

/**
 * Reads the settings from an environment and freezes them deeply. Whitespace around a value is ignored. A blank value
 * counts as unset. `env` itself is not changed.
 *
 * @throws ConfigError that names every wrong value and every `MC_*` name that is not a setting, all at once.
 */
export function parseConfig(env: Environment): Config {
  const problems: string[] = [];
  const config = readNode(settings, env, problems) as Config;
  problems.push(...unknownNames(env), ...missingCompanions(env));
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readNode(node: Setting<unknown> | SettingGroup, env: Environment, problems: string[]): unknown {
  if (isSetting(node)) return Object.freeze(readSetting(node, env, problems));
  return Object.freeze(
    Object.fromEntries(Object.entries(node).map(([key, child]) => [key, readNode(child, env, problems)])),
  );
}

function readSetting(setting: Setting<unknown>, env: Environment, problems: string[]): unknown {
  const text = textOf(env, setting.name) ?? setting.default;
  if (text === undefined) return undefined;
  const result = setting.kind.safeParse(text);
  if (!result.success) problems.push(describeRefusal(setting, text));
  return result.data;
}

function describeRefusal({ name, kind }: Setting<unknown>, text: string): string {
  if (isHidden(kind)) return `${name} must be ${kind.description} (the value is not shown)`;
  const withoutCredentials = text.replace(/\/\/.*@/s, '//…@');
  const shown = withoutCredentials.length > 80 ? `${withoutCredentials.slice(0, 80)}…` : withoutCredentials;
  return `${name} must be ${kind.description}, not ${JSON.stringify(shown)}`;
}

/** Read by clients and not by the server. A shell that runs both has them exported, so they are not mistakes. */
const CLIENT_NAMES = ['MC_URL'];

function unknownNames(env: Environment): string[] {
  const known = listSettings().map((setting) => setting.name);
  const isUnknown = (name: string) => /^MC_/i.test(name) && ![...known, ...CLIENT_NAMES].includes(name);
  return Object.keys(env)
    .filter((name) => isUnknown(name) && textOf(env, name) !== undefined)
    .sort()
    .map((name) => {
      const closest = findClosest(name, known);
      return `${name} is not a setting${closest ? `: did you mean ${closest}?` : '; docs/operations.md lists them all'}`;
    });
}

/** A default gateway without its command or endpoint would fail every task that is sent to it. */
function missingCompanions(env: Environment): string[] {
  const gateway = textOf(env, 'MC_GATEWAY');
  if (gateway === 'command' && !textOf(env, 'MC_COMMAND')) return ['MC_GATEWAY=command needs MC_COMMAND'];
  if (gateway === 'openai' && !textOf(env, 'OPENAI_API_KEY') && !textOf(env, 'OPENAI_BASE_URL')) {
    return [
      'MC_GATEWAY=openai needs OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint that asks for no key',
    ];
  }
  return [];
}

/** The names of the gateways for which an operator gave settings. `openclaw` and `echo` also work without settings. */
function listConfiguredGateways({ openclaw, openai, command }: Config['gateway']): string[] {
  return [
    ...(openclaw.token !== undefined || openclaw.url !== OPENCLAW_URL ? ['openclaw'] : []),
    ...(openai.baseUrl !== undefined || openai.apiKey !== undefined ? ['openai'] : []),
    ...(command === undefined ? [] : ['command']),
  ];
}

/** The settings that services use. */
export function toServiceSettings(config: Config) {
  return {
    agentTimeoutMs: config.agentTimeoutMs,
    staleAfterMs: config.staleAfterMs,
    coordinatorAgent: config.coordinatorAgent,
    eventRetentionMs: config.eventRetentionMs,
    models: { ...config.models, default: config.models.default ?? null },
    defaultGateway: config.gateway.default ?? null,
    configuredGateways: listConfiguredGateways(config.gateway),
    dispatch: config.dispatch,
    quotas: config.quotas,
  };
}

function textOf(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}
