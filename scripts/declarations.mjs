// Writes the types of the SDK into dist/sdk/types.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

// Only those who develop or publish need the types, so an installation without development packages goes without them.
if (existsSync(compiler)) {
  const { status } = spawnSync(process.execPath, [compiler, '--project', 'tsconfig.sdk.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}
