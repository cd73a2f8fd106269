import fc from 'fast-check';

/**
 * The task or run of a verb. Mostly one that the verb can change, because otherwise nearly all would be refused. The
 * number is taken modulo the number of candidates.
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

/** Whether there is a candidate: one that the verb can change, or, for a blind choice, any. */
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
