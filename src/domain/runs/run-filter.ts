import type { InstantRange } from '../tasks/task-filter.js';

/** How a run ended, or RUNNING. */
export type RunOutcome =
  | 'RUNNING'
  | 'SUCCEEDED'
  | 'FAILED'
  | 'TIMED_OUT'
  | 'RELEASED'
  | 'REQUEUED'
  | 'SUSPENDED'
  | 'CANCELLED';

/** Which runs of all. An omitted condition matches every run. */
export interface RunSelection {
  readonly agentIds?: readonly string[];
  readonly taskId?: string;
  readonly outcomes?: readonly RunOutcome[];
  readonly triggers?: readonly ('CLAIM' | 'DISPATCH')[];
  readonly startedAt?: InstantRange;
}

/** The most agents of a filter. The runs of each are read by themselves. */
export const MAX_AGENTS = 20;
