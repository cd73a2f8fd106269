import { describe, expect, it } from 'vitest';
import { decidePipelineRun } from '../../../src/domain/pipelines/pipeline-run.js';

const facts = { isCancelled: false, canGoOn: false, open: 0, failed: 0, cancelled: 0 };

describe('a pipeline run', () => {
  it.each([
    [
      'RUNNING',
      'while a task can go on, whatever the others came to',
      { canGoOn: true, open: 1, failed: 1, cancelled: 1 },
    ],
    [
      'RUNNING',
      'while a task can go on, though it was called off before',
      { canGoOn: true, open: 1, isCancelled: true },
    ],
    ['SUCCEEDED', 'when all tasks are done', {}],
    ['FAILED', 'when a task failed', { failed: 1, cancelled: 1 }],
    ['FAILED', 'when tasks wait in vain', { failed: 1, open: 3 }],
    ['FAILED', 'when tasks wait in vain for others than its own', { open: 3 }],
    ['CANCELLED', 'when tasks were cancelled and none failed', { cancelled: 1, open: 3 }],
    [
      'CANCELLED',
      'when it was called off, though a task had failed',
      { failed: 1, cancelled: 1, isCancelled: true },
    ],
  ] as const)('is %s %s', (status, _, given) => {
    expect(decidePipelineRun({ ...facts, ...given })).toBe(status);
  });
});
