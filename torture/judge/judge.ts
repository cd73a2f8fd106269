import type { Evidence } from './evidence.js';
import type { Rule } from './rule.js';
import { acknowledged } from './rules/acknowledged.js';
import { capacity } from './rules/capacity.js';
import { counters, doneOnce, sentOnce } from './rules/counters.js';
import { dependencies } from './rules/dependencies.js';
import { dueTimes } from './rules/due-times.js';
import { leftovers, noFaults, workEnds } from './rules/endings.js';
import { liveRuns } from './rules/live-runs.js';
import { positions } from './rules/positions.js';
import { agentFolds, pipelineFolds } from './rules/status-chains.js';
import { streams } from './rules/streams.js';
import { taskFolds } from './rules/task-folds.js';

/** Every rule, in the order of the report. */
export const RULES: readonly Rule[] = [
  positions,
  taskFolds,
  agentFolds,
  pipelineFolds,
  liveRuns,
  capacity,
  acknowledged,
  streams,
  dependencies,
  dueTimes,
  counters,
  doneOnce,
  sentOnce,
  workEnds,
  noFaults,
  leftovers,
];

/** What a rule found. */
export interface Verdict {
  readonly rule: Rule;
  readonly violations: readonly string[];
}

/** Judges a run by all rules. */
export function judge(evidence: Evidence): Verdict[] {
  return RULES.map((rule) => ({ rule, violations: rule.find(evidence) }));
}
