import { isSecret } from './setting-kinds.js';
import { listSettings } from './settings.js';

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
