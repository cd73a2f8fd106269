import { isSecret } from './setting-kinds.js';
import { listSettings } from './settings.js';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable without whitespace around it; undefined if it is unset or blank. */
export function textOf(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** The settings that are secrets. */
export function listSecretNames(): readonly string[] {
  return listSettings()
    .filter(({ kind }) => isSecret(kind))
    .map(({ name }) => name);
}

/** The variable that names the file with the secret. */
export function fileVariableOf(name: string): string {
  return `${name}_FILE`;
}
