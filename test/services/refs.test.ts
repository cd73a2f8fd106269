import { describe, expect, it } from 'vitest';
import { nameOf, toShown } from '../../src/services/refs.js';

describe('the name that a caller used, in a refusal', () => {
  it.each([
    ['TASK-42', 'TASK-42'],
    ['', '""'],
    [' ', '" "'],
    ['x'.repeat(1_000), 'x'.repeat(80)],
  ])('is shortened and never empty (%j)', (given, shown) => {
    expect(toShown(given)).toBe(shown);
    expect([nameOf({ id: given }), nameOf({ ref: given }), nameOf({ name: given })]).toEqual(
      Array(3).fill(shown),
    );
  });
});
