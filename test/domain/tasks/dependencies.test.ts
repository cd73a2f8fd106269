import { describe, expect, it } from 'vitest';
import {
  canEditDependencies,
  decideDependencyEnd,
  isDoomedBy,
  isOpenDependency,
} from '../../../src/domain/tasks/dependencies.js';
import { TASK_STATUSES } from '../../../src/domain/tasks/task-status.js';

const policies = ['BLOCK', 'CANCEL', 'PROCEED'] as const;

describe('the end of a dependency', () => {
  it('settles the dependency with every policy if it is DONE', () => {
    for (const onDependencyFailure of policies) {
      expect(decideDependencyEnd('DONE', { status: 'INBOX', onDependencyFailure })).toBe('settle');
    }
  });

  it.each(['FAILED', 'CANCELLED'] as const)('follows the policy if it is %s', (end) => {
    const decisions = policies.map((onDependencyFailure) =>
      decideDependencyEnd(end, { status: 'ASSIGNED', onDependencyFailure }),
    );
    expect(decisions).toEqual(['block', 'cancel', 'proceed']);
  });

  it('does not cancel a dependent that has already ended', () => {
    for (const status of ['DONE', 'FAILED', 'CANCELLED'] as const) {
      expect(decideDependencyEnd('FAILED', { status, onDependencyFailure: 'CANCEL' })).toBe('block');
    }
  });
});

describe('a dependency of a new task', () => {
  it('holds the task back unless it is DONE, or has ended and the policy is PROCEED', () => {
    const free = policies.map((policy) =>
      TASK_STATUSES.filter((status) => !isOpenDependency(status, policy)),
    );
    expect(free).toEqual([['DONE'], ['DONE'], ['DONE', 'FAILED', 'CANCELLED']]);
  });
});

describe('a dependency that has already ended', () => {
  it('would cancel a new task only if it ended without success and the policy is CANCEL', () => {
    const doomed = policies.map((policy) => TASK_STATUSES.filter((status) => isDoomedBy(status, policy)));
    expect(doomed).toEqual([[], ['FAILED', 'CANCELLED'], []]);
  });
});

describe('dependencies', () => {
  it('can be edited before work on the task begins', () => {
    expect(TASK_STATUSES.filter(canEditDependencies)).toEqual(['INBOX', 'ASSIGNED']);
  });
});
