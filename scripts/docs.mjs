// Runs every scripts/print-*.ts. Each of them writes one generated document or table.
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
