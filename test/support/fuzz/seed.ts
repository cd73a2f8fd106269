import { randomInt } from 'node:crypto';

/** The seed of the first batch: that of the environment variable TEST_FUZZ_SEED, otherwise a random one. */
export function readFuzzSeed(): number {
  const given = process.env.TEST_FUZZ_SEED;
  if (given === undefined) return randomInt(2 ** 30);
  const seed = Number(given);
  if (!Number.isInteger(seed)) throw new Error(`TEST_FUZZ_SEED must be an integer, not ${given}.`);
  return seed;
}
