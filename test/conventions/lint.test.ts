import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const planted = {
  'src/services/clock.ts': 'export const a = new Date();\nexport const b = Date.now;',
  'src/services/converted.ts': 'export const a = (at: number): Date => new Date(at);',
  'src/kernel/clock.ts': 'export const now = (): number => Date.now();',
  'src/services/chance.ts':
    "import { randomUUID } from 'node:crypto';\nexport const a = [randomUUID(), Math.random()];",
  'src/services/env.ts': 'export const a = process.env;',
  'src/config/config.ts': 'export const a = process.env;',
  'src/services/talk.ts': "export const a = (): void => console.log('a');",
  'src/services/anything.ts': 'export const a = (value: any): unknown => value;',
  'src/services/twice.ts': 'export const a = (value: number): string => value as unknown as string;',
  'src/services/sql.ts': "export const a = { text: 'SELECT now()' };",
  'src/services/sql-template.ts': 'export const a = `\n  UPDATE tasks SET title = NULL`;',
  'src/store/named.ts': [
    'interface Pool {\n  query(statement: { name: string; text: string }): void;\n}',
    "export const a = (pool: Pool): void => pool.query({ name: 'a', text: 'SELECT 1' });",
  ].join('\n'),
  'src/store/unpinned.ts':
    'interface Client {\n  connect(): void;\n}\nexport const a = (client: Client): void => client.connect();',
  'src/store/verb.ts': "export const a = { text: 'SELECT now()' };",
  'src/services/sure.ts': 'export const a = (list: string[]): string => list[0]!;',
  'src/services/barrel.ts': "export { now } from '../kernel/clock.js';\nexport { a } from './env.js';",
  'test/sleep.test.ts': "import { setTimeout } from 'node:timers/promises';\nawait setTimeout(5);",
  'test/wait-timeout.test.ts': "import { vi } from 'vitest';\nawait vi.waitFor(() => true);",
  'src/services/wrong.ts': "export const a: number = 'one';",
  'src/services/unchecked.ts': 'export const a = (list: string[]): string => list[0];',
  'src/services/floating.ts': [
    'interface Pool {\n  query(sql: string): Promise<number>;\n  query(sql: string, done: () => void): void;\n}',
    "export function a(pool: Pool): void {\n  pool.query('SELECT 1');\n}",
  ].join('\n'),
};

describe('the lint rules, with one planted violation each', () => {
  let folder: string;
  let findings: string[];

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'lint-')));
    // The linters look for their binaries in the linted folder.
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const settings = ['biome.json', 'lint', '.oxlintrc.json', 'tsconfig.json', 'package.json', '.gitignore'];
    await Promise.all(settings.map((path) => cp(join(root, path), join(folder, path), { recursive: true })));
    for (const [path, text] of Object.entries(planted)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    findings = [...(await runBiome(folder)), ...(await runOxlint(folder))];
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['src/services/clock.ts', 'plugin: Take the time from the Clock in src/kernel/clock.ts.'],
    ['src/services/chance.ts', 'plugin: Take random values from src/kernel/ids.ts.'],
    ['src/services/env.ts', 'lint/style/noProcessEnv'],
    ['src/services/talk.ts', 'lint/suspicious/noConsole'],
    ['src/services/anything.ts', 'lint/suspicious/noExplicitAny'],
    ['src/services/twice.ts', 'plugin: A double assertion hides a wrong type'],
    ['src/services/sql.ts', 'plugin: SQL belongs in src/store or src/postgres'],
    ['src/services/sql-template.ts', 'plugin: SQL belongs in src/store or src/postgres'],
    ['src/store/named.ts', 'plugin: Run named statements through query()'],
    ['src/store/unpinned.ts', 'plugin: Connect through src/postgres/session.ts'],
    ['src/services/sure.ts', 'lint/style/noNonNullAssertion'],
    ['src/services/barrel.ts', 'lint/performance/noBarrelFile'],
    ['test/sleep.test.ts', 'plugin: Wait for a fact'],
    ['test/wait-timeout.test.ts', 'plugin: Give vi.waitFor a timeout'],
    ['src/services/floating.ts', 'typescript(no-floating-promises)'],
    ['src/services/wrong.ts', "Type 'string' is not assignable to type 'number'"],
    ['src/services/unchecked.ts', "Type 'string | undefined' is not assignable to type 'string'"],
  ])('%s violates %s', (path, rule) => {
    expect(findings.filter((finding) => finding.startsWith(path))).toContainEqual(
      expect.stringContaining(rule),
    );
  });

  it('allow the place where each of these belongs', () => {
    const spared = [
      'src/kernel/clock.ts',
      'src/config/config.ts',
      'src/services/converted.ts',
      'src/store/verb.ts',
    ];
    expect(findings.filter((finding) => spared.some((path) => finding.startsWith(path)))).toEqual([]);
  });
});

async function runBiome(folder: string): Promise<string[]> {
  const args = ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=github'];
  const lines = await run('@biomejs/biome/bin/biome', args, folder);
  return lines.map((line) =>
    line.replace(/^::\w+ title=([^,]+),file=([^,]+),.*?::/, '$2 $1: ').replace(join(folder, '/'), ''),
  );
}

async function runOxlint(folder: string): Promise<string[]> {
  return run('oxlint/bin/oxlint', ['--type-aware', '--type-check', '--format=unix'], folder);
}

async function run(tool: string, args: string[], cwd: string): Promise<string[]> {
  const command = [join(root, 'node_modules', tool), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd }).catch((found) => found);
  return stdout.split('\n').filter((line: string) => line !== '');
}
