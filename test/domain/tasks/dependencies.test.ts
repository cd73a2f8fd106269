import { describe, expect, it } from 'vitest';
import { TASK_STATUSES } from '../../../src/domain/task-status.js';
import {
  canEditDependencies,
  decideDependencyEnd,
  isDoomedBy,
  isOpenDependency,
} from '../../../src/domain/tasks/dependencies.js';

const policies = ['BLOCK', 'CANCEL', 'PROCEED'] as const;

describe('the end of a dependency', () => {
  it('settles it when it is DONE, whatever the policy', () => {
    for (const onDependencyFailure of policies) {
      expect(decideDependencyEnd('DONE', { status: 'INBOX', onDependencyFailure })).toBe('settle');
    }
  });

  it.each(['FAILED', 'CANCELLED'] as const)('follows the policy when it is %s', (end) => {
    const decisions = policies.map((onDependencyFailure) =>
      decideDependencyEnd(end, { status: 'ASSIGNED', onDependencyFailure }),
    );
    expect(decisions).toEqual(['block', 'cancel', 'proceed']);
  });

  it('cancels no dependent that has ended already', () => {
    for (const status of ['DONE', 'FAILED', 'CANCELLED'] as const) {
      expect(decideDependencyEnd('FAILED', { status, onDependencyFailure: 'CANCEL' })).toBe('block');
    }
  });
});

describe('a dependency of a new task', () => {
  it('holds it back unless it is DONE, or has ended and the policy is to proceed', () => {
    const free = policies.map((policy) =>
      TASK_STATUSES.filter((status) => !isOpenDependency(status, policy)),
    );
    expect(free).toEqual([['DONE'], ['DONE'], ['DONE', 'FAILED', 'CANCELLED']]);
  });
});

describe('a dependency that has ended already', () => {
  it('would cancel a new task only if it ended without success and the policy is to cancel', () => {
    const doomed = policies.map((policy) => TASK_STATUSES.filter((status) => isDoomedBy(status, policy)));
    expect(doomed).toEqual([[], ['FAILED', 'CANCELLED'], []]);
  });
});

describe('dependencies', () => {
  it('can be edited while the task waits to be begun', () => {
    expect(TASK_STATUSES.filter(canEditDependencies)).toEqual(['INBOX', 'ASSIGNED']);
  });
});
