import { createRandom, type Random } from '../random.js';
import { FAULT_NAMES, type FaultName, kindOf } from './fault-kinds.js';
import type { Fault, Plan } from './plan.js';

/** What a plan is made from. */
export interface PlanOptions {
  readonly seed: number;
  readonly processes: number;
  readonly seconds: number;
  readonly load: Plan['load'];
}

/** The pauses between the beginnings of two faults, from and to, in milliseconds. */
const PAUSES = { light: [800, 1_600], full: [400, 4_000] } as const;

/** The time without faults at the beginning, in which work and subscribers begin. */
const CALM_MS = 2_000;

/** Makes the plan of a seed. All kinds of faults are dealt out like cards before any kind comes again. */
export function makePlan(options: PlanOptions): Plan {
  const random = createRandom(options.seed, 'plan');
  const faults: Fault[] = [];
  let deck: FaultName[] = [];
  const [least, most] = PAUSES[options.load];
  for (let atMs = CALM_MS; atMs < options.seconds * 1_000; atMs += random.between(least, most)) {
    if (deck.length === 0) deck = random.shuffle(FAULT_NAMES);
    const kind = deck.pop();
    if (kind !== undefined) faults.push(aFault(random, kind, atMs, options));
  }
  return { version: 1, ...options, faults };
}

/** The longest fault, in milliseconds. */
const LONGEST_MS = { light: 4_000, full: 16_000 } as const;

/** A fault near the end is short, so that the run ends in time. */
function aFault(random: Random, kind: FaultName, atMs: number, options: PlanOptions): Fault {
  const { forMs = [0, 0], size = [0, 0] } = kindOf(kind);
  const mostMs = Math.min(LONGEST_MS[options.load], Math.max(1_000, options.seconds * 1_000 - atMs));
  return {
    atMs,
    kind,
    target: random.between(0, options.processes - 1),
    forMs: Math.min(random.between(...forMs), mostMs),
    size: random.between(...size),
  };
}
