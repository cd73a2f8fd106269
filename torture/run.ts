// npm run torture: see docs/reliability.md.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from './judge/judge.js';
import { readOptions, USAGE } from './options.js';
import { writePlan } from './plan/plan.js';
import { report } from './report.js';
import { torture } from './torture.js';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const options = await readOptions(process.argv.slice(2)).catch((error: unknown) => {
  print(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
});
const { plan, keep } = options;
const folder = await mkdtemp(join(tmpdir(), 'mission-control-torture-'));
await chmod(folder, 0o711);
const planFile = join(folder, 'plan.json');
await writePlan(planFile, plan);
print(`seed ${plan.seed}, ${plan.processes} servers, plan ${planFile}`);

const begunAtMs = performance.now();
const run = await torture(folder, plan, (line) =>
  print(`${((performance.now() - begunAtMs) / 1_000).toFixed(1)} s: ${line}`),
);
const verdicts = judge(run.evidence);
await run.world.close();
for (const line of report(run, verdicts)) print(line);

const broken = verdicts.filter(({ violations }) => violations.length > 0);
if (broken.length === 0 && !keep) {
  await rm(folder, { recursive: true, force: true });
  print(`\nNothing was found. To play the same again: npm run torture -- --seed ${plan.seed} …`);
} else {
  const found = Object.fromEntries(broken.map(({ rule, violations }) => [rule.name, violations]));
  await writeFile(join(folder, 'found.json'), JSON.stringify(found, null, 2));
  await writeFile(join(folder, 'evidence.json'), JSON.stringify(run.evidence));
  print(`\n${broken.length} rules are broken. ${folder} has the logs, found.json and evidence.json.`);
  print(`To play the same again: npm run torture -- --plan ${planFile}`);
}
process.exitCode = broken.length === 0 ? 0 : 1;
