import { findClosest } from '../kernel/closest-match.js';
import { fileVariableOf, listSecretNames } from './environment.js';
import { readSecretFiles } from './secret-files.js';
import { isHidden } from './setting-kinds.js';
import {
  isSetting,
  listSettings,
  OPENCLAW_URL,
  type Setting,
  type SettingGroup,
  settings,
} from './settings.js';
import { type Environment, textOf } from './variables.js';

type ValuesOf<Node> =
  Node extends Setting<infer T, infer Default>
    ? Default extends string
      ? T
      : T | undefined
    : { readonly [Key in keyof Node]: ValuesOf<Node[Key]> };

type Values = ValuesOf<typeof settings>;

/** Every setting of the server, typed. Durations are in milliseconds. */
export type Config = Values & {
  /** The files from which secrets were read. Programs must not see them. */
  readonly secretFiles: readonly string[];
};

/** The environment contains mistakes. The message names all of them and quotes no secret. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `${problems.length === 1 ? 'A setting is' : `${problems.length} settings are`} wrong:\n- ${problems.join('\n- ')}`,
    );
    this.name = 'ConfigError';
  }
}

/**
 * Copies the process's environment for parseConfig and removes the server's secrets from the process's own, so that no
 * library, report or child process of the server finds them there. No other code in the server reads `process.env`. Linux
 * shows the block with which a process was started in /proc for as long as it runs, so only a secret from a file is absent
 * from it.
 */
export function takeEnvironment(): Record<string, string | undefined> {
  const taken = { ...process.env };
  for (const name of listSecretNames()) delete process.env[name];
  return taken;
}

/**
 * Reads the settings from an environment and freezes them deeply. Whitespace around a value is ignored. A blank value
 * counts as unset. Secrets may come from files. `env` itself is not changed.
 *
 * @throws ConfigError that names every wrong value and every `MC_*` name that is not a setting, all at once.
 */
export function parseConfig(given: Environment): Config {
  const { env, files, problems: unread } = readSecretFiles(given);
  const problems = [...unread];
  const values = readNode(settings, env, problems) as Values;
  problems.push(...unknownNames(env), ...missingCompanions(env, given, values));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({ ...values, secretFiles: Object.freeze([...files]) });
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
  if (!result.success) problems.push(describeRefusal(setting, text, env));
  return result.data;
}

function describeRefusal({ name, kind }: Setting<unknown>, text: string, env: Environment): string {
  if (textOf(env, fileVariableOf(name)) !== undefined)
    return `${fileVariableOf(name)} must name a file with ${kind.description} (the value is not shown)`;
  if (isHidden(kind)) return `${name} must be ${kind.description} (the value is not shown)`;
  const withoutCredentials = text.replace(/\/\/.*@/s, '//…@');
  const shown = withoutCredentials.length > 80 ? `${withoutCredentials.slice(0, 80)}…` : withoutCredentials;
  return `${name} must be ${kind.description}, not ${JSON.stringify(shown)}`;
}

/** Read by clients and not by the server. A shell that runs both has them exported, so they are not mistakes. */
const CLIENT_NAMES = ['MC_URL'];

function unknownNames(env: Environment): string[] {
  const known = [...listSettings().map(({ name }) => name), ...listSecretNames().map(fileVariableOf)];
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
function missingCompanions(env: Environment, given: Environment, { gateway: { command } }: Values): string[] {
  const has = (name: string) =>
    textOf(env, name) !== undefined || textOf(given, fileVariableOf(name)) !== undefined;
  const gateway = textOf(env, 'MC_GATEWAY');
  return [
    ...(gateway === 'command' && !has('MC_COMMAND') ? ['MC_GATEWAY=command needs MC_COMMAND'] : []),
    ...(gateway === 'openai' && !has('OPENAI_API_KEY') && !has('OPENAI_BASE_URL')
      ? ['MC_GATEWAY=openai needs OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint that asks for no key']
      : []),
    ...(command !== undefined && !has('MC_COMMAND_DIR')
      ? ['MC_COMMAND needs MC_COMMAND_DIR, a working folder for programs outside the folders of the server']
      : []),
  ];
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
