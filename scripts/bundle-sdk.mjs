// Bundles src/sdk into dist/sdk.
import { join } from 'node:path';
import { build } from 'esbuild';
import { replaceFile } from './replace-file.mjs';

/** One file without dependencies, for browsers and Node alike: its WebSocket protocol is the only library in it. */
export async function bundleSdk(root) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'src', 'sdk', 'index.ts')],
    outfile: join(root, 'dist', 'sdk', 'index.js'),
    platform: 'browser',
    target: 'es2022',
    bundle: true,
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'inline',
    write: false,
    logLevel: 'error',
  });
  for (const { path, contents } of outputFiles) replaceFile(path, contents);
}
