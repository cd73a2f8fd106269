import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readOptions } from '../../torture/options.js';
import { FAULT_NAMES } from '../../torture/plan/fault-kinds.js';
import { makePlan } from '../../torture/plan/make-plan.js';
import { writePlan } from '../../torture/plan/plan.js';

const options = { seed: 7, processes: 3, seconds: 300, load: 'full' } as const;

describe('the plan of a seed', () => {
  it('is the same each time, and another one for another seed', () => {
    expect(makePlan(options)).toEqual(makePlan(options));
    expect(makePlan({ ...options, seed: 8 }).faults).not.toEqual(makePlan(options).faults);
  });

  it('has every kind of fault before any kind comes again', () => {
    const kinds = makePlan(options).faults.map(({ kind }) => kind);
    expect(new Set(kinds.slice(0, FAULT_NAMES.length))).toEqual(new Set(FAULT_NAMES));
    expect(kinds.length).toBeGreaterThan(2 * FAULT_NAMES.length);
  });

  it('is played again from its file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'torture-plan-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, 'plan.json');
    const { plan } = await readOptions(['--seed', '7', '--minutes', '1', '--processes', '2']);
    await writePlan(file, plan);
    expect(await readOptions(['--plan', file])).toEqual({ plan, keep: false });
    expect(plan).toMatchObject({ seed: 7, seconds: 60, processes: 2, load: 'full' });
  });

  it('is refused for options that mean nothing', async () => {
    await expect(readOptions(['--seed', 'x'])).rejects.toThrow("'x' is not a number of this option.");
    await expect(readOptions(['--hours', '1'])).rejects.toThrow('--hours');
  });
});
