import { readFileSync, statSync } from 'node:fs';
import { fileVariableOf, listSecretNames } from './environment.js';
import { type Environment, textOf } from './variables.js';

/** The environment with the secrets from files. */
export interface WithSecretFiles {
  readonly env: Environment;
  /** The files that contain secrets. */
  readonly files: readonly string[];
  readonly problems: readonly string[];
}

/** Far above the length of any secret. A larger file is a mistake. */
const MAX_BYTES = 64 * 1024;

/** Reads the secrets that are given as files: `OPENAI_API_KEY_FILE` instead of `OPENAI_API_KEY`. */
export function readSecretFiles(env: Environment): WithSecretFiles {
  const filled: Record<string, string | undefined> = { ...env };
  const files: string[] = [];
  const problems: string[] = [];
  for (const name of listSecretNames()) {
    const variable = fileVariableOf(name);
    const path = textOf(env, variable);
    if (path === undefined) continue;
    const secret = readSecret(path);
    if (textOf(env, name) !== undefined)
      problems.push(`${name} and ${variable} are both set: unset one of them`);
    else if ('problem' in secret) problems.push(`${variable} names a file that ${secret.problem}`);
    else filled[name] = secret.text;
    files.push(path);
  }
  return { env: filled, files, problems };
}

function readSecret(path: string): { readonly text: string } | { readonly problem: string } {
  try {
    if (statSync(path).size > MAX_BYTES) return { problem: 'is too large for a secret' };
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? { problem: 'is empty' } : { text };
  } catch (error) {
    return { problem: `can't be read (${error instanceof Error && 'code' in error ? error.code : error})` };
  }
}
