import { describe, expect, it } from 'vitest';
import { decidePipelineRun } from '../../../src/domain/pipelines/pipeline-run.js';

const facts = { isCancelled: false, canGoOn: false, open: 0, failed: 0, cancelled: 0 };

describe('a pipeline run', () => {
  it.each([
    [
      'RUNNING',
      'while a task can continue, in spite of failed and cancelled ones',
      { canGoOn: true, open: 1, failed: 1, cancelled: 1 },
    ],
    [
      'RUNNING',
      'while a task can continue, even if the run was cancelled before',
      { canGoOn: true, open: 1, isCancelled: true },
    ],
    ['SUCCEEDED', 'when all tasks are done', {}],
    ['FAILED', 'when a task failed', { failed: 1, cancelled: 1 }],
    ['FAILED', 'when tasks wait for a failed task', { failed: 1, open: 3 }],
    ['FAILED', 'when tasks wait for a failed task outside the run', { open: 3 }],
    ['CANCELLED', 'when tasks were cancelled and none failed', { cancelled: 1, open: 3 }],
    [
      'CANCELLED',
      'when the run was cancelled after a task had failed',
      { failed: 1, cancelled: 1, isCancelled: true },
    ],
  ] as const)('is %s %s', (status, _, given) => {
    expect(decidePipelineRun({ ...facts, ...given })).toBe(status);
  });
});
