// Runs every scripts/print-*.ts: each prints one generated document into its place in the repo.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('.', import.meta.url);
for (const script of readdirSync(folder)
  .filter((name) => /^print-.*\.ts$/.test(name))
  .sort()) {
  const { status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', fileURLToPath(new URL(script, folder))],
    {
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exit(1);
}
