import { quantile } from '../bench/harness.js';
import type { Slice } from './slice.js';

/** A figure that must not grow with the number of tasks. */
interface Flat {
  readonly name: string;
  readonly of: (slice: Slice) => number;
  /** How much larger the figure of the last quarter may be than that of the second one. */
  readonly most: number;
  /** Below this value growth means nothing. */
  readonly floor: number;
}

/** The latency is measured on a machine that may be shared, so it may double; everything else is exact. */
const FLAT: readonly Flat[] = [
  { name: 'the memory in MB', of: ({ memoryMb }) => memoryMb, most: 1.25, floor: 250 },
  { name: 'the median latency in ms', of: ({ p50Ms }) => p50Ms, most: 2, floor: 10 },
  { name: 'the time of the server for a task in ms', of: (slice) => slice.cpuMs, most: 1.5, floor: 1 },
  { name: 'the size of the log in MB', of: ({ eventsMb }) => eventsMb, most: 1.5, floor: 50 },
  { name: 'the size of the outbox in MB', of: ({ outboxMb }) => outboxMb, most: 1.5, floor: 20 },
  { name: 'the size of the queues in MB', of: ({ queuesMb }) => queuesMb, most: 1.5, floor: 20 },
  { name: 'the size of updated tables in MB', of: ({ updatedMb }) => updatedMb, most: 1.5, floor: 5 },
  { name: 'the bytes of one task', of: ({ bytesPerTask }) => bytesPerTask, most: 1.15, floor: 500 },
];

/** Compares the last quarter of the slices with the second one. The first one warms up. */
export function judgeFlatness(slices: readonly Slice[]): string[] {
  const quarter = Math.floor(slices.length / 4);
  const early = slices.slice(quarter, 2 * quarter);
  const late = slices.slice(-quarter);
  return FLAT.flatMap(({ name, of, most, floor }) => {
    const before = quantile(early.map(of), 0.5);
    const after = quantile(late.map(of), 0.5);
    if (after <= Math.max(before, floor) * most) return [];
    return [`${name} grew from ${before.toFixed(1)} to ${after.toFixed(1)}`];
  });
}
