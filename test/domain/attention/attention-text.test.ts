import { describe, expect, it } from 'vitest';
import type { AttentionDetails } from '../../../src/domain/attention/attention-details.js';
import { describeAttention } from '../../../src/domain/attention/attention-text.js';

const task = { taskId: 'task_1', ref: 'TASK-1', title: 'Write the report' };
const stuck = { ...task, kind: 'TASK_STUCK', lacking: [], absent: [], blockers: [] } as const;
const silent = {
  kind: 'AGENT_SILENT',
  agentId: 'agt_1',
  name: 'scout',
  assigned: 0,
  hasCalled: true,
} as const;

describe('the text of an attention item', () => {
  it.each<[AttentionDetails, string]>([
    [
      { ...task, kind: 'REVIEW', reviewer: 'aegis', error: 'no verdict' },
      'TASK-1 waits for a verdict from a person: aegis gave none: no verdict. “Write the report”',
    ],
    [
      { ...task, kind: 'TASK_FAILED', reason: 'FAILED_BY_AGENT', detail: null },
      'TASK-1 failed: FAILED_BY_AGENT. “Write the report”',
    ],
    [stuck, 'TASK-1 waits, and no agent can take it: no agent takes tasks of the inbox. “Write the report”'],
    [
      { ...stuck, absent: ['scout: paused', 'ghost: offline'], blockers: ['TASK-2: FAILED'] },
      'TASK-1 waits, and no agent can take it: scout: paused; ghost: offline; depends on TASK-2: FAILED. “Write the report”',
    ],
    [
      { ...silent, holds: ['TASK-1', 'TASK-2', 'TASK-3', 'TASK-4', 'TASK-5', 'TASK-6'] },
      'scout is silent and holds TASK-1, TASK-2, TASK-3, TASK-4, TASK-5….',
    ],
    [
      { ...silent, holds: [], assigned: 3, hasCalled: false },
      'scout has never called and 3 tasks wait for it.',
    ],
  ])('says what %o needs', (details, text) => {
    expect(describeAttention(details)).toBe(text);
  });

  it('is one line of at most 300 characters, whatever an agent has written', () => {
    const detail = `broken\n\n${'very '.repeat(200)}`;
    const text = describeAttention({ ...task, kind: 'TASK_FAILED', reason: 'x', detail });
    expect(text).toHaveLength(300);
    expect(text).toMatch(/^TASK-1 failed: broken very .*…$/);
    expect(text).not.toContain('\n');
  });
});
