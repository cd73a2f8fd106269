import { describe, expect, it } from 'vitest';
import { priceOfFilter } from '../../../src/domain/tasks/filter-price.js';
import { checkTaskFilter } from '../../../src/domain/tasks/task-filter.js';

const search = { search: 'x' };

describe('the price of a filter', () => {
  it('is nothing without conditions, and little for conditions on columns', () => {
    expect(priceOfFilter({})).toBe(0);
    expect(priceOfFilter({ search: '', status: null })).toBe(0);
    expect(priceOfFilter({ status: ['DONE'] })).toBe(50);
    expect(priceOfFilter({ status: ['DONE'], tags: ['a', 'b'], overdue: true, not: { pinned: true } })).toBe(
      50,
    );
  });

  it('counts each search and each choice of reasons to wait, however deep', () => {
    expect(priceOfFilter(search)).toBe(3_050);
    expect(priceOfFilter({ ...search, waitingOn: ['NO_CAPABLE_AGENT'] })).toBe(6_050);
    expect(priceOfFilter({ or: [search, { and: [search], not: search }] })).toBe(9_050);
  });
});

describe('a filter', () => {
  const part = { status: ['DONE'], priority: ['LOW'], overdue: true } as const;
  const partsOf = (count: number) => ({ or: Array.from({ length: count }, () => part) });

  it('has at most 100 conditions', () => {
    expect(() => checkTaskFilter(partsOf(33))).not.toThrow();
    expect(() => checkTaskFilter(partsOf(34))).toThrow('A filter has at most 100 conditions.');
  });
});
