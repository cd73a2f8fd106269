import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../..', import.meta.url));
const tada = join(dirname(require.resolve('gql.tada/package.json')), 'bin/cli.js');
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

const tsconfig = {
  compilerOptions: {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [], exactOptionalPropertyTypes: true },
    ...{ target: 'ES2022', module: 'nodenext', moduleResolution: 'nodenext' },
    plugins: [
      {
        ...{ name: 'gql.tada/ts-plugin', schema: './schema.graphql' },
        tadaOutputLocation: './graphql-env.d.ts',
      },
    ],
  },
  include: ['*.ts'],
};

/** A client whose types come from the schema. Each `@ts-expect-error` fails the compilation if there is no error. */
const client = `
import { type FragmentOf, initGraphQLTada, readFragment, type ResultOf, type VariablesOf } from 'gql.tada';
import type { introspection } from './graphql-env.d.ts';

const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { Cursor: string; DateTime: string; Duration: string; JSONObject: Record<string, unknown>; TimeZone: string };
}>();

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

const taskFields = graphql(\`
  fragment TaskFields on Task { id status dueAt metadata waitingOn assignee { name } }
\`);
const page = graphql(\`
  query Page($first: Int, $filter: TaskFilter) {
    tasks(first: $first, filter: $filter) { nodes { ...TaskFields } pageInfo { hasNextPage endCursor } }
  }
\`, [taskFields]);

export const variables: VariablesOf<typeof page> = { filter: { waitingOn: ['RATE_LIMITED'], assignee: [{ name: 'scout' }] } };
export function readPage({ tasks }: ResultOf<typeof page>): void {
  same<typeof tasks.pageInfo, { hasNextPage: boolean; endCursor: string | null }>(true);
  const nodes: readonly FragmentOf<typeof taskFields>[] = tasks.nodes;
  for (const task of readFragment(taskFields, nodes)) {
    same<typeof task.id, string>(true);
    same<typeof task.dueAt, string | null>(true);
    same<typeof task.metadata, Record<string, unknown>>(true);
    same<typeof task.assignee, { name: string } | null>(true);
    if (task.status === 'INBOX' || task.waitingOn.includes('RATE_LIMITED')) continue;
    // @ts-expect-error there is no such status
    if (task.status === 'WAITING') continue;
  }
}

const create = graphql(\`
  mutation Create($input: CreateTaskInput!) {
    createTask(input: $input) {
      task { ref }
      errors { __typename code message ... on InvalidTransitionError { allowed } }
    }
  }
\`);
export const named: VariablesOf<typeof create> = { input: { title: 'x', assignee: { name: 'scout' } } };
// @ts-expect-error a reference has an id or a name
export const nobody: VariablesOf<typeof create> = { input: { title: 'x', assignee: {} } };
// @ts-expect-error a task has a title
export const untitled: VariablesOf<typeof create> = { input: {} };
export function readErrors({ createTask: { task, errors } }: ResultOf<typeof create>): void {
  same<typeof task, { ref: string } | null>(true);
  for (const error of errors) if (error.__typename === 'InvalidTransitionError') error.allowed.includes('DONE');
}

const follow = graphql(\`
  subscription Follow($after: Cursor) {
    events(after: $after) { __typename cursor ... on TaskEvent { task { id } } ... on RunEvent { run { outcome } } }
  }
\`);
export function readEvent({ events }: ResultOf<typeof follow>): string {
  return events.__typename === 'RunEvent' && events.run !== null ? events.run.outcome : events.cursor;
}

// @ts-expect-error there is no such field
export const unknown: ResultOf<typeof missing>['viewer']['nothing'] = 1;
const missing = graphql('{ viewer { role } }');
`;

describe('a client with gql.tada', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mission-control-tada-'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    await copyFile(join(root, 'schema/schema.graphql'), join(folder, 'schema.graphql'));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    await writeFile(join(folder, 'client.ts'), client);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('generates its types from the schema and compiles', { timeout: 120_000 }, async () => {
    const options = { cwd: folder };
    await run(process.execPath, [tada, 'generate', 'output'], options);
    const { stdout } = await run(process.execPath, [tsc, '-p', '.'], options).catch(
      (failed: { readonly stdout: string }) => failed,
    );
    expect(stdout).toBe('');
  });
});
