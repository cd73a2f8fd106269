import type { Verdict } from './judge/judge.js';
import type { Run } from './torture.js';

/** Violations of one rule that are shown. The folder of the run has all of them. */
const SHOWN = 10;

/** The report of a run, line by line. */
export function report(
  { evidence, played, noDisk, starts, finishMs }: Run,
  verdicts: readonly Verdict[],
): string[] {
  const { record, events, tasks, runs } = evidence;
  const requests = Object.values(record.answers).reduce((sum, count) => sum + count, 0);
  const received = record.streams.reduce((sum, { seen }) => sum + seen.length, 0);
  const connections = record.streams.reduce((sum, stream) => sum + stream.connections, 0);
  return [
    `${requests} requests: ${listCounts(record.answers)}`,
    `${tasks.length} tasks, ${runs.length} runs, ${events.length} events, ${record.acknowledged.length} acknowledged writes`,
    `${record.streams.length} subscribers received ${received} events over ${connections} connections`,
    `${played.done} faults, ${starts} starts of servers, finished after ${Math.round(finishMs)} ms`,
    ...played.failed.map((text) => `a fault could not be done: ${text}`),
    ...(noDisk === null ? [] : [`full disks were not tried: this machine mounts no small disk (${noDisk})`]),
    ...evidence.leftovers.map(
      ({ name, unit, found, most }) => `left of ${name}: ${found} ${unit} (most ${most})`,
    ),
    '',
    ...verdicts.flatMap(showVerdict),
  ];
}

function showVerdict({ rule, violations }: Verdict): string[] {
  if (violations.length === 0) return [`✓ ${rule.name}: ${rule.promise}`];
  const rest = violations.length - SHOWN;
  return [
    `✗ ${rule.name}: ${rule.promise}`,
    ...violations.slice(0, SHOWN).map((text) => `    ${text}`),
    ...(rest > 0 ? [`    and ${rest} more`] : []),
  ];
}

function listCounts(answers: Readonly<Record<string, number>>): string {
  return Object.entries(answers)
    .sort(([, one], [, other]) => other - one)
    .map(([code, count]) => `${count} ${code}`)
    .join(', ');
}
