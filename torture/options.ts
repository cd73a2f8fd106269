import { parseArgs } from 'node:util';
import { makePlan } from './plan/make-plan.js';
import { type Plan, readPlan } from './plan/plan.js';

export const USAGE = `npm run torture -- [--minutes 5 | --seconds 60] [--seed 7] [--processes 3] [--light] [--plan FILE] [--keep]

  --minutes, --seconds  how long faults happen; the end of the work and the verdict take up to two minutes more
  --seed                fixes the plan of faults and the choices of the clients; random if left out
  --processes           how many servers share the PostgreSQL
  --light               less load, for a machine that has other work
  --plan                plays a plan that an earlier run has written
  --keep                keeps the folder of the run although nothing was found`;

/** What the command line asks for. */
export interface Options {
  readonly plan: Plan;
  readonly keep: boolean;
}

/** Reads the command line. @throws TypeError for what it does not know. */
export async function readOptions(args: readonly string[]): Promise<Options> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      processes: { type: 'string', default: '3' },
      plan: { type: 'string' },
      light: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const { light, keep } = values;
  if (values.plan !== undefined) return { plan: await readPlan(values.plan), keep };
  const seconds = values.seconds === undefined ? number(values.minutes ?? '5') * 60 : number(values.seconds);
  const plan = makePlan({
    seed: values.seed === undefined ? Math.floor(Math.random() * 1e9) : number(values.seed),
    processes: number(values.processes),
    seconds,
    load: light ? 'light' : 'full',
  });
  return { plan, keep };
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new TypeError(`'${text}' is not a number of this option.`);
  return value;
}
