/** The statuses of a pipeline run. */
export const PIPELINE_RUN_STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const;

/** The status of a pipeline run. */
export type PipelineRunStatus = (typeof PIPELINE_RUN_STATUSES)[number];

/** The facts about a run's tasks that decide its status. */
export interface PipelineRunFacts {
  /** Whether the run as a whole was cancelled. */
  readonly isCancelled: boolean;
  /**
   * Whether a task that has not ended can continue by itself: it can be claimed now or later, is in progress, in
   * review or waits for an answer, or waits for a task outside the run that has not ended.
   */
  readonly canGoOn: boolean;
  /** Tasks that have not ended. If none of them can continue, they all wait for a task that ended without success. */
  readonly open: number;
  readonly failed: number;
  readonly cancelled: number;
}

/**
 * Decides the status of a run. It ends when none of its tasks can continue by itself. It has FAILED if a task failed or
 * waits for a task that ended without success. A failed task counts even if its dependents have the policy PROCEED.
 */
export function decidePipelineRun(facts: PipelineRunFacts): PipelineRunStatus {
  if (facts.canGoOn) return 'RUNNING';
  if (facts.isCancelled) return 'CANCELLED';
  if (facts.failed > 0) return 'FAILED';
  if (facts.cancelled > 0) return 'CANCELLED';
  return facts.open > 0 ? 'FAILED' : 'SUCCEEDED';
}
