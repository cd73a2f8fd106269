export const PIPELINE_RUN_STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'] as const;
export type PipelineRunStatus = (typeof PIPELINE_RUN_STATUSES)[number];

/** What is known about the tasks of a run. */
export interface PipelineRunFacts {
  /** Somebody called the whole run off. */
  readonly isCancelled: boolean;
  /**
   * A task that has not ended can still go on by itself: it can be claimed now or later, is being worked on or reviewed, or
   * waits for a task outside of the run that has not ended.
   */
  readonly canGoOn: boolean;
  /** Tasks that have not ended. If none of them can go on, they all wait for one that ended without success. */
  readonly open: number;
  readonly failed: number;
  readonly cancelled: number;
}

/**
 * A run is over when none of its tasks can go on by itself. It then has FAILED if a task failed or waits in vain; a
 * failure counts also where what depends on it was told to proceed.
 */
export function decidePipelineRun(facts: PipelineRunFacts): PipelineRunStatus {
  if (facts.canGoOn) return 'RUNNING';
  if (facts.isCancelled) return 'CANCELLED';
  if (facts.failed > 0) return 'FAILED';
  if (facts.cancelled > 0) return 'CANCELLED';
  return facts.open > 0 ? 'FAILED' : 'SUCCEEDED';
}
