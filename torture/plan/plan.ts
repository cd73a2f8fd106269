import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { FAULT_NAMES } from './fault-kinds.js';

const fault = z.object({
  atMs: z.number(),
  kind: z.enum(FAULT_NAMES),
  target: z.number(),
  forMs: z.number(),
  size: z.number(),
});

const plan = z.object({
  version: z.literal(1),
  seed: z.number(),
  processes: z.number().int().min(1).max(16),
  seconds: z.number(),
  load: z.enum(['light', 'full']),
  faults: z.array(fault),
});

/** One fault: what happens when, to which server, for how long. */
export type Fault = z.infer<typeof fault>;

/** Everything that is decided before a run: the seed of the actors, and the faults. */
export type Plan = z.infer<typeof plan>;

/** Reads a plan. @throws ZodError for a file that is not a plan. */
export async function readPlan(path: string): Promise<Plan> {
  return plan.parse(JSON.parse(await readFile(path, 'utf8')));
}

/** Writes a plan, one line for each fault. */
export async function writePlan(path: string, { faults, ...rest }: Plan): Promise<void> {
  const head = JSON.stringify(rest).slice(0, -1);
  const lines = faults.map((each) => `  ${JSON.stringify(each)}`);
  await writeFile(path, `${head},"faults":[\n${lines.join(',\n')}\n]}\n`);
}
