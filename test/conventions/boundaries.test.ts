import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Cruise {
  modules: { source: string }[];
  summary: { violations: { rule: { name: string }; from: string; to: string }[] };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

const layers = [
  ...['kernel', 'telemetry', 'config', 'domain', 'postgres', 'store', 'gateway', 'services', 'feed'],
  ...['scheduler', 'graphql', 'server', 'sdk', 'generated'],
];

/** Repeated on purpose: a new line in the configuration has to be added here too. */
const allowed = [
  'config → kernel',
  'domain → kernel',
  'feed → domain',
  'feed → kernel',
  'feed → postgres',
  'feed → store',
  'gateway → domain',
  'gateway → kernel',
  'graphql → domain',
  'graphql → generated',
  'graphql → kernel',
  'graphql → services',
  'postgres → generated',
  'postgres → kernel',
  'scheduler → domain',
  'scheduler → kernel',
  'scheduler → services',
  'server → graphql',
  'server → kernel',
  'services → domain',
  'services → kernel',
  'services → store',
  'store → domain',
  'store → generated',
  'store → kernel',
  'store → postgres',
  'telemetry → kernel',
];

describe('the import table, checked with every possible import', () => {
  let folder: string;
  let violations: string[];

  beforeAll(async () => {
    folder = await plant({ ...everyPairOfLayers(), ...doors, ...nouns, ...secrets, ...knots });
    const { summary } = await cruise(folder);
    violations = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('allows the listed pairs of layers and no others', () => {
    const pairs = layers.flatMap((from) => layers.filter((to) => to !== from).map((to) => [from, to]));
    const passed = pairs.filter(
      ([from, to]) => !violations.includes(`not-in-allowed: src/${from}/to-${to}.ts → src/${to}/noun.ts`),
    );
    expect(passed.map(([from, to]) => `${from} → ${to}`).sort()).toEqual(allowed);
  });

  it('treats imports of types like others, except in lines that allow only types', () => {
    expect(violations).toContain('not-in-allowed: src/domain/type-of-row.ts → src/store/rows.ts');
    expect(violations).toContain('not-in-allowed: src/graphql/type-of-row.ts → src/store/rows.ts');
    expect(violations).not.toContain(
      'not-in-allowed: src/graphql/type-of-reads.ts → src/store/read-client.ts',
    );
    expect(violations).toContain('not-in-allowed: src/graphql/value-of-reads.ts → src/store/read-client.ts');
    expect(violations).not.toContain('not-in-allowed: src/telemetry/type-of-rule.ts → src/domain/rules.ts');
  });

  it('allows a noun of services to import only those to its left', () => {
    expect(violations).toContain(
      'services-runs-imports-to-its-left: src/services/runs/claim.ts → src/services/reviews/judge.ts',
    );
    expect(violations).toContain(
      'services-root-imports-no-noun: src/services/context.ts → src/services/reviews/judge.ts',
    );
    expect(violations.filter((violation) => violation.includes('src/services/reviews/judge.ts →'))).toEqual(
      [],
    );
  });

  it('allows certain packages only in their layer', () => {
    expect(violations).toContain('pg-stays-in-postgres: src/store/sql.ts → pg');
    expect(violations).toContain('graphql-yoga-stays-in-server: src/services/http.ts → graphql-yoga');
    expect(violations).toContain('domain-is-pure: src/domain/disk.ts → fs');
  });

  it('refuses cycles and files without an importer', () => {
    expect(violations).toContain('no-cycles: src/kernel/knot-a.ts → src/kernel/knot-b.ts');
    expect(violations).toContain('no-orphans: src/kernel/lonely.ts → src/kernel/lonely.ts');
  });
});

describe('the import table, on the source itself', () => {
  it('covers every module', async () => {
    const { modules } = await cruise(root);
    const files = await readdir(join(root, 'src'), { recursive: true });
    const sources = files.filter((path) => /\.(tsx?|css)$/.test(path));
    expect(sources.length).toBeGreaterThan(30);
    expect(modules.filter(({ source }) => source.startsWith('src/'))).toHaveLength(sources.length);
  });
});

const doors = {
  'src/store/rows.ts': 'export interface Row { id: string }',
  'src/store/read-client.ts': 'export interface Reads { id: string }\nexport const open = 1;',
  'src/domain/rules.ts': 'export interface Rule { id: string }',
  'src/domain/type-of-row.ts': "import type { Row } from '../store/rows.js';\nexport type A = Row;",
  'src/graphql/type-of-row.ts': "import type { Row } from '../store/rows.js';\nexport type A = Row;",
  'src/graphql/type-of-reads.ts':
    "import type { Reads } from '../store/read-client.js';\nexport type A = Reads;",
  'src/graphql/value-of-reads.ts': "import { open } from '../store/read-client.js';\nexport const a = open;",
  'src/telemetry/type-of-rule.ts': "import type { Rule } from '../domain/rules.js';\nexport type A = Rule;",
};

const nouns = {
  'src/services/context.ts': "import { judge } from './reviews/judge.js';\nexport const a = judge;",
  'src/services/tasks/add.ts': 'export const add = 1;',
  'src/services/runs/claim.ts': "import { judge } from '../reviews/judge.js';\nexport const claim = judge;",
  'src/services/reviews/judge.ts': "import { add } from '../tasks/add.js';\nexport const judge = add;",
};

const secrets = {
  'src/store/sql.ts': "import pg from 'pg';\nexport const a = pg;",
  'src/services/http.ts': "import { createYoga } from 'graphql-yoga';\nexport const a = createYoga;",
  'src/domain/disk.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;",
};

const knots = {
  'src/kernel/knot-a.ts': "import { b } from './knot-b.js';\nexport const a = () => b;",
  'src/kernel/knot-b.ts': "import { a } from './knot-a.js';\nexport const b = () => a;",
  'src/kernel/lonely.ts': 'export const lonely = 1;',
};

function everyPairOfLayers(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const from of layers) {
    files[`src/${from}/noun.ts`] = 'export const noun = 1;';
    for (const to of layers.filter((layer) => layer !== from)) {
      files[`src/${from}/to-${to}.ts`] =
        `import { noun } from '../${to}/noun.js';\nexport const used = noun;`;
    }
  }
  return files;
}

async function plant(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'boundaries-'));
  await cp(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function cruise(folder: string): Promise<Cruise> {
  const config = join(root, '.dependency-cruiser.cjs');
  const args = [cruiser, 'src', '--config', config, '--output-type', 'json'];
  const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
  // The exit code is the number of violations, so only the output distinguishes violations from a crash.
  const { stdout } = await promisify(execFile)(process.execPath, args, options).catch((found) => found);
  return JSON.parse(stdout);
}
