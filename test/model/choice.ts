import fc from 'fast-check';

/**
 * Which task or run a verb is for. Mostly one that the verb can move, for else nearly all would be refused; the number is
 * taken modulo how many there are.
 */
export interface Choice {
  readonly number: number;
  readonly isBlind: boolean;
}
export const choice: fc.Arbitrary<Choice> = fc.record({
  number: fc.nat(50),
  isBlind: fc.oneof(
    { weight: 5, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
});

/** Whether there is anything to choose: something the verb can move, or, blindly, anything at all. */
export function canChoose({ isBlind }: Choice, count: number, isGood: (place: number) => boolean): boolean {
  return isBlind ? count > 0 : goodPlaces(count, isGood).length > 0;
}

export function choose(
  { number, isBlind }: Choice,
  count: number,
  isGood: (place: number) => boolean,
): number {
  const from = goodPlaces(count, isBlind ? () => true : isGood);
  return from[number % from.length] ?? 0;
}

function goodPlaces(count: number, isGood: (place: number) => boolean): number[] {
  return Array.from({ length: count }, (_, place) => place).filter(isGood);
}
