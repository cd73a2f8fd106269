// Writes src/generated: the Prisma client and the Pothos types of prisma/schema.prisma, and the typed documents of
// schema/operations and of the dashboard.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { replaceFile } from './replace-file.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache');
mkdirSync(cache, { recursive: true });

// Prisma resolves its output paths against the folder of the schema, so a copy of the schema generates beside the
// copy. The finished files then replace the old ones one at a time, and compilers that run meanwhile read whole files.
const workspace = mkdtempSync(join(cache, 'generate-'));
try {
  const schema = join(workspace, 'prisma', 'schema.prisma');
  cpSync(join(root, 'prisma', 'schema.prisma'), schema);
  generateClient(schema);
  const generated = join(workspace, 'src', 'generated');
  generateDocuments(generated);
  replaceFolder(join(root, 'src', 'generated'), generated);
} finally {
  rmSync(workspace, { recursive: true, force: true });
}

function generateClient(schema) {
  const manifest = createRequire(import.meta.url).resolve('prisma/package.json');
  const cli = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.prisma);
  run([cli, 'generate', '--no-hints', '--schema', schema], {
    // Prisma finds generators by name; npm sets this path, a plain `node scripts/generate.mjs` does not.
    PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  });
}

/** The server does not need the documents, so an installation without development packages skips them. */
function generateDocuments(folder) {
  if (!existsSync(join(root, 'node_modules', '@graphql-codegen', 'core'))) return;
  run(['--import', 'tsx', 'codegen.ts', folder]);
}

/** Prints what the program said only if it fails. */
function run(args, env = {}) {
  const { status, error, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  throw new Error(`node ${args.join(' ')} failed`, { cause: error });
}

function replaceFolder(target, source) {
  const wanted = new Set(listFiles(source));
  for (const path of wanted) replaceFile(join(target, path), readFileSync(join(source, path)));
  for (const path of listFiles(target)) if (!wanted.has(path)) rmSync(join(target, path), { force: true });
}

function listFiles(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
