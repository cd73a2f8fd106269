import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isEnumType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSchema } from '../../src/graphql/schema.js';
import { PROTOCOL_ERROR_CODES } from '../../src/server/protocol-error.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

const rowsOf = (heading: string) =>
  (page.split(`## ${heading}`)[1]?.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
const codesOf = (rows: readonly string[]) => rows.slice(1).map((row) => row.split('`')[1] ?? '');

/** Codes that stand in the source where errors with `extensions.code` are made. */
function codesInSource(): string[] {
  const files = ['src/graphql', 'src/server', 'src/feed'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(root, folder, name),
    ),
  );
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [
      ...readFileSync(file, 'utf8').matchAll(
        /(?:coded\(|protocolError\(\s*|extensions: \{ code: )'([A-Z_]+)'/g,
      ),
    ])
    .map(([, code = '']) => code);
}

describe('docs/errors.md', () => {
  it('lists every code of a refusal with the meaning that the schema gives', () => {
    const type = buildSchema().getType('UserErrorCode');
    const values = isEnumType(type) ? type.getValues() : [];
    expect(rowsOf('Refusals').slice(1)).toEqual(
      values.map(({ name, description }) => `| \`${name}\` | ${description} |`),
    );
  });

  it('lists every code of an error of the request, and no other', () => {
    const documented = codesOf(rowsOf('Errors of the request'));
    const codes = new Set([...PROTOCOL_ERROR_CODES, ...codesInSource(), 'SUBSCRIBER_TOO_SLOW']);
    expect([...documented].sort()).toEqual([...codes].sort());
  });
});
