import type { Said } from './phrase.js';
import { UnsupportedSchedule } from './unsupported-schedule.js';

const PAIRS: readonly (readonly [Said['kind'], Said['kind']])[] = [
  ['time', 'date'],
  ['time', 'month'],
  ['date', 'month'],
];

/**
 * Refuses pairs of times and days. "Mondays at 9 and fridays at 17" is refused, because one cron expression would mean
 * 9 and 17 on both days. "9 and 17 on mondays and fridays" is accepted.
 * @throws {UnsupportedSchedule}
 */
export function checkPairs(said: readonly Said[]): void {
  for (const pair of PAIRS) {
    const runs = toRuns(said.filter(({ kind }) => pair.includes(kind)));
    if (pair.every((kind) => new Set(runs.filter((run) => run.kind === kind).map(toKey)).size > 1))
      throw new UnsupportedSchedule('Different times on different days need separate schedules.');
  }
}

/** Groups consecutive values of the same kind. */
function toRuns(said: readonly Said[]): { readonly kind: Said['kind']; readonly values: Set<string> }[] {
  const runs: { kind: Said['kind']; values: Set<string> }[] = [];
  for (const { kind, value } of said) {
    const last = runs.at(-1);
    if (last?.kind === kind) last.values.add(value);
    else runs.push({ kind, values: new Set([value]) });
  }
  return runs;
}

function toKey({ values }: { readonly values: ReadonlySet<string> }): string {
  return [...values].sort().join(' ');
}
