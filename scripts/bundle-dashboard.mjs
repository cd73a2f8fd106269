// Bundles src/dashboard into dist/dashboard with Vite: a page, and scripts and styles with a hash in their names.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from './replace-file.mjs';

/** An installation without development packages has no Vite and no dashboard: the root of its server leads to GraphiQL. */
export async function bundleDashboard(root) {
  if (!existsSync(join(root, 'node_modules', 'vite'))) return;
  const { build } = await import('vite');
  const { output } = await build({
    configFile: false,
    root: join(root, 'src', 'dashboard'),
    // Relative, so that the same build works under each path prefix.
    base: './',
    publicDir: false,
    logLevel: 'warn',
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: join(root, 'dist', 'dashboard'),
      write: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      reportCompressedSize: false,
    },
  });
  // The page comes last because it names the others. Files of earlier builds stay: an open page may still load them.
  const isPage = ({ fileName }) => fileName === 'index.html';
  for (const file of output.toSorted((one, other) => isPage(one) - isPage(other)))
    replaceFile(join(root, 'dist', 'dashboard', file.fileName), file.code ?? file.source);
}
