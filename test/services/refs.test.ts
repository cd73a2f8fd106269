import { describe, expect, it } from 'vitest';
import { nameOf, toShown } from '../../src/services/refs.js';

describe('what a caller called something by', () => {
  it.each([
    ['TASK-42', 'TASK-42'],
    ['', '""'],
    [' ', '" "'],
    ['x'.repeat(1_000), 'x'.repeat(80)],
  ])('is told back short, and never as nothing (%j)', (given, shown) => {
    expect(toShown(given)).toBe(shown);
    expect([nameOf({ id: given }), nameOf({ ref: given }), nameOf({ name: given })]).toEqual(
      Array(3).fill(shown),
    );
  });
});
