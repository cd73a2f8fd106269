import { execFile } from 'node:child_process';
import { mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

const WRITES = {
  update: "prisma.task.update({ where: { id: 'task_1' }, data: { title: 'a' } })",
  updateMany: "prisma.task.updateMany({ data: { title: 'a' } })",
  create: "prisma.comment.create({ data: { id: 'cmt_1', taskId: 'task_1', body: 'a' } })",
  createMany: 'prisma.comment.createMany({ data: [] })',
  upsert:
    "prisma.pipeline.upsert({ where: { id: 'pip_1' }, create: { id: 'pip_1', name: 'a' }, update: {} })",
  delete: "prisma.apiKey.delete({ where: { id: 'key_1' } })",
  deleteMany: 'prisma.event.deleteMany()',
  $executeRaw: 'prisma.$executeRaw`DELETE FROM tasks`',
  $executeRawUnsafe: "prisma.$executeRawUnsafe('DELETE FROM tasks')",
  $queryRaw: 'prisma.$queryRaw`DELETE FROM tasks RETURNING id`',
  $queryRawUnsafe: "prisma.$queryRawUnsafe('DELETE FROM tasks RETURNING id')",
  $transaction: 'prisma.$transaction([])',
  $extends: 'prisma.$extends({})',
};

const READS = [
  "prisma.task.findUnique({ where: { id: 'task_1' }, include: { runs: true } })",
  "prisma.comment.findMany({ where: { taskId: 'task_1' }, select: { body: true } })",
  'prisma.pipeline.count()',
];

describe('the Prisma client of the graph, planted with one statement a line', () => {
  let folder: string;
  let errors: Map<string, string>;

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'read-client-')));
    // The linter looks for its compiler in the folder.
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    const settings = { extends: join(root, 'tsconfig.json'), include: ['planted.ts'] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings));
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await writeFile(join(folder, 'planted.ts'), [...Object.values(WRITES), ...READS, ...CONTEXT].join('\n'));
    errors = await compile(folder);
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(Object.keys(WRITES).map((method, line) => [method, `planted.ts:${line + 1}`] as const))(
    'refuses %s',
    (method, place) => {
      expect(errors.get(place)).toContain(`Property '${method}' does not exist`);
    },
  );

  it('lets reads through, and finds no other error', () => {
    expect([...errors.keys()]).toEqual(Object.keys(WRITES).map((_, line) => `planted.ts:${line + 1}`));
  });
});

/** Resolvers have the client from their context. */
const CONTEXT = [
  `import type { GraphqlContext } from ${JSON.stringify(join(root, 'src/graphql/context.js'))};`,
  "declare const prisma: GraphqlContext['prisma'];",
];

/** The first error of each line, by file and line. Other rules than those of the compiler are off. */
async function compile(cwd: string): Promise<Map<string, string>> {
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint');
  const command = [oxlint, '--allow=all', '--type-aware', '--type-check', '--format=unix', 'planted.ts'];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd }).catch((found) => found);
  const found = new Map<string, string>();
  for (const [, file, line, message] of stdout.matchAll(
    /^(.+):(\d+):\d+: (.*) \[Error\/typescript\(TS\d+\)\]$/gm,
  )) {
    const place = `${file}:${line}`;
    if (!found.has(place)) found.set(place, message);
  }
  return new Map([...found].sort(([one], [other]) => lineOf(one) - lineOf(other)));
}

const lineOf = (place: string) => Number(place.split(':')[1]);
