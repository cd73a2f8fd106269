import { print } from '../harness.js';

/** A read may take three times as long as with ten thousand tasks, or this many milliseconds if that is more. */
const TARGET = { factor: 3, ms: 50 };

/** The milliseconds of one read with ten thousand and with a million tasks. */
export interface Reading {
  readonly name: string;
  readonly small: number;
  readonly large: number;
}

export function rowOf(reading: Reading): string {
  const { name, small, large } = reading;
  const verdict = isMet(reading) ? '' : 'missed';
  return `| ${name} | ${small.toFixed(1)} ms | ${large.toFixed(1)} ms | ${(large / small).toFixed(1)} × | ${verdict} |`;
}

/** Prints how many reads are within the target, and of each filter the order that takes longest. */
export function reportAll(readings: readonly Reading[]): void {
  const slowest = new Map<string, Reading>();
  for (const reading of readings) {
    const filter = reading.name.split(' × ')[0] ?? reading.name;
    if (reading.large > (slowest.get(filter)?.large ?? -1)) slowest.set(filter, reading);
  }
  print(`\nThe slowest order of each filter:\n`);
  for (const reading of slowest.values()) print(rowOf(reading));
  const missed = readings.filter((reading) => !isMet(reading));
  print(`\n${readings.length - missed.length} of ${readings.length} reads are within the target.`);
}

function isMet({ small, large }: Reading): boolean {
  return large <= Math.max(TARGET.ms, TARGET.factor * small);
}
