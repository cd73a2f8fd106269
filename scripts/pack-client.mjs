// Makes the package of the client alone in dist/client, and packs it into dist, or into another folder.
//   node scripts/pack-client.mjs [folder]
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const destination = resolve(process.argv[2] ?? join(root, 'dist'));
const folder = join(destination, 'client');

if (!existsSync(join(root, 'node_modules', 'typescript'))) {
  console.error('The development packages are missing. Run npm install in the folder of the project.');
  process.exit(1);
}
// A fresh checkout has no generated code yet.
const isGenerated = existsSync(join(root, 'src', 'generated', 'operations.ts'));
if (!isGenerated) run(process.execPath, [join(root, 'scripts', 'generate.mjs')]);
const { bundleSdk } = await import('./bundle-sdk.mjs');
await bundleSdk(root);
run(process.execPath, [join(root, 'scripts', 'declarations.mjs')]);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
cpSync(join(root, 'dist', 'sdk'), folder, { recursive: true });
cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
writeFileSync(join(folder, 'README.md'), readme());
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
const name = run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', destination], folder);
console.log(
  `Packed the client. In the folder of your program: npm install ${join(destination, name.trim())}`,
);

function manifest() {
  const { version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    name: 'mission-control-client',
    version,
    description:
      'A typed client, a worker and a reviewer for agents that take their work from Mission Control.',
    license,
    type: 'module',
    // The server needs a newer release of Node.js than this code.
    engines: { node: '>=20' },
    sideEffects: false,
    exports: {
      '.': { types: './types/sdk/index.d.ts', default: './index.js' },
      './package.json': './package.json',
    },
    files: ['index.js', 'index.js.map', 'types'],
  };
}

/** The guide of the SDK, without its links to other documents, which are not in the package. */
function readme() {
  const guide = readFileSync(join(root, 'docs', 'sdk.md'), 'utf8');
  return guide
    .replaceAll("'mission-control/sdk'", "'mission-control-client'")
    .replaceAll(/\[([^\]]+)\]\((?!https?:|#)[^)]+\)/g, '$1');
}

function run(command, args, cwd = root) {
  const shell = process.platform === 'win32' && command === 'npm';
  const stdio = ['inherit', 'pipe', 'inherit'];
  const { status, stdout } = spawnSync(command, args, { cwd, stdio, shell, encoding: 'utf8' });
  if (status !== 0) {
    process.stderr.write(stdout ?? '');
    process.exit(status ?? 1);
  }
  return stdout;
}
