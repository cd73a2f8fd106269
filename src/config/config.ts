import { findClosest } from '../kernel/closest-match.js';
import { isSetting, listSettings, type Setting, type SettingGroup, settings } from './settings.js';

type ValuesOf<Node> =
  Node extends Setting<infer T, infer Default>
    ? Default extends string
      ? T
      : T | undefined
    : { readonly [Key in keyof Node]: ValuesOf<Node[Key]> };

/** Every setting of the server, typed. Durations are in milliseconds. */
export type Config = ValuesOf<typeof settings>;

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment holds mistakes; the message names all of them and quotes no secret. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'A setting is' : `${problems.length} settings are`} wrong:\n- ${problems.join('\n- ')}`,
    );
    this.name = 'ConfigError';
  }
}

/** A copy of the process's environment, for parseConfig. Nothing else in the server reads it. */
export function readEnvironment(): Record<string, string | undefined> {
  return { ...process.env };
}

/** Credentials beside the settings: of PostgreSQL's clients, and of whatever traces are sent to. */
const FURTHER_SECRETS = /^(PGPASSWORD|PGPASSFILE|PGSERVICEFILE|OTEL_.*)$/;

/** What programs that the server starts may see of its environment: everything but its own settings and credentials. */
export function environmentOfPrograms(env: Environment): Record<string, string | undefined> {
  const own = new Set(listSettings().map((setting) => setting.name));
  const isSecret = (name: string) => own.has(name) || FURTHER_SECRETS.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSecret(name.toUpperCase())));
}

/**
 * The typed, deeply frozen settings that an environment describes. Whitespace around a value is ignored, and a value
 * without anything else counts as unset. `env` itself is not changed.
 *
 * @throws ConfigError naming every wrong value and every `MC_*` name that is no setting, all at once.
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
  const value = setting.kind.parse(text);
  if (value === undefined) problems.push(describeRefusal(setting, text));
  return value;
}

function describeRefusal({ name, kind }: Setting<unknown>, text: string): string {
  if (kind.hidden) return `${name} must be ${kind.accepts} (the value is not shown)`;
  const withoutCredentials = text.replace(/\/\/.*@/s, '//…@');
  const shown = withoutCredentials.length > 80 ? `${withoutCredentials.slice(0, 80)}…` : withoutCredentials;
  return `${name} must be ${kind.accepts}, not ${JSON.stringify(shown)}`;
}

/** Read by clients and not by the server; whoever runs both in one shell has it exported. */
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

/** A default gateway that nothing tells how to reach its far side would fail every task it is given. */
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

function textOf(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}
