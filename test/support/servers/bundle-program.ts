import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';

/**
 * Bundles a program beside a test file for the time of its tests. Started through tsx, each start costs more processor time
 * than the server that it talks to.
 *
 * @returns the path of the bundle.
 */
export async function bundleProgram(source: URL): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mission-control-program-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'program.mjs');
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  return outfile;
}
