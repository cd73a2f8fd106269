import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideVerdict, gatherFeedback } from '../../../src/domain/reviews/verdict.js';
import { TASK_STATUSES } from '../../../src/domain/tasks/task-status.js';

const inReview = { status: 'REVIEW', reviewRound: 2, reviewCycles: 1 } as const;

describe('a verdict', () => {
  it('approves work that is in REVIEW in its round', () => {
    expect(decideVerdict(inReview, 'APPROVED', 2)).toEqual({ effect: 'approve' });
  });

  it('returns the task twice and fails it at the third rejection', () => {
    const decisions = [0, 1, 2].map((reviewCycles) =>
      decideVerdict({ ...inReview, reviewCycles }, 'REJECTED', 2),
    );
    expect(decisions).toEqual([
      { effect: 'rework', cycles: 1 },
      { effect: 'rework', cycles: 2 },
      { effect: 'fail', cycles: 3 },
    ]);
  });

  it('is superseded exactly when the task is not in REVIEW or in another round', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TASK_STATUSES),
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 5 }),
        fc.constantFrom('APPROVED', 'REJECTED'),
        (status, reviewRound, reviewCycles, round, verdict) => {
          const { effect } = decideVerdict({ status, reviewRound, reviewCycles }, verdict, round);
          expect(effect === 'superseded').toBe(status !== 'REVIEW' || round !== reviewRound);
        },
      ),
    );
  });
});

describe('the feedback of a failed task', () => {
  it('contains every line of every rejection, in order', () => {
    const text = gatherFeedback([
      { round: 4, feedback: 'no tests\nno docs' },
      { round: 5, feedback: 'still no docs' },
      { round: 6, feedback: 'wrong docs' },
    ]);
    expect(text).toBe(
      'Rejection 1: no tests\nno docs\n\nRejection 2: still no docs\n\nRejection 3: wrong docs',
    );
  });
});
