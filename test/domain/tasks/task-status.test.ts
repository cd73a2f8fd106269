import { describe, expect, it } from 'vitest';
import {
  allowedTransitions,
  FIRST_STATUSES,
  isAllowedTransition,
  isTerminal,
  TASK_STATUSES,
  TRANSITIONS,
} from '../../../src/domain/tasks/task-status.js';

describe('the table of status changes', () => {
  it('has each pair once, each with a verb', () => {
    const pairs = TRANSITIONS.map(({ from, to }) => `${from} → ${to}`);
    expect(new Set(pairs).size).toBe(pairs.length);
    expect(TRANSITIONS.filter(({ by }) => by.length === 0)).toEqual([]);
  });

  it('has exactly the promised changes', () => {
    const promised = {
      INBOX: ['ASSIGNED', 'IN_PROGRESS', 'CANCELLED'],
      ASSIGNED: ['INBOX', 'ASSIGNED', 'IN_PROGRESS', 'CANCELLED'],
      IN_PROGRESS: ['INPUT_REQUIRED', 'REVIEW', 'DONE', 'ASSIGNED', 'INBOX', 'FAILED', 'CANCELLED'],
      INPUT_REQUIRED: ['ASSIGNED', 'INBOX', 'FAILED', 'CANCELLED'],
      REVIEW: ['DONE', 'REJECTED', 'CANCELLED'],
      REJECTED: ['ASSIGNED', 'FAILED', 'CANCELLED'],
      DONE: [],
      FAILED: ['ASSIGNED', 'INBOX'],
      CANCELLED: ['ASSIGNED', 'INBOX'],
    };
    expect(Object.fromEntries(TASK_STATUSES.map((from) => [from, allowedTransitions(from)]))).toEqual(
      promised,
    );
  });

  it('gives the same answer for a pair as for a list', () => {
    for (const from of TASK_STATUSES) {
      const targets = TASK_STATUSES.filter((to) => isAllowedTransition(from, to));
      expect(new Set(targets)).toEqual(new Set(allowedTransitions(from)));
    }
  });

  it('lets every status be reached from a first one, and every open task be cancelled', () => {
    const reached = new Set<string>(FIRST_STATUSES);
    for (let before = -1; before < reached.size; ) {
      before = reached.size;
      for (const { from, to } of TRANSITIONS) if (reached.has(from)) reached.add(to);
    }
    expect([...reached].sort()).toEqual([...TASK_STATUSES].sort());
    const open = TASK_STATUSES.filter((status) => !isTerminal(status));
    expect(open.filter((status) => !isAllowedTransition(status, 'CANCELLED'))).toEqual([]);
  });

  it('leaves an end status only by a retry', () => {
    const ways = TRANSITIONS.filter(({ from }) => isTerminal(from));
    expect(ways.flatMap(({ by }) => by)).toEqual(ways.map(() => 'retry'));
    expect(TASK_STATUSES.filter(isTerminal)).toEqual(['DONE', 'FAILED', 'CANCELLED']);
  });
});
