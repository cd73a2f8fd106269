import type { Place } from '../../kernel/fair-queue.js';
import type { GraphqlContext } from '../context.js';

/** Runs a claim of a review. While one waits for work, another operation of its key has its place. */
export function whileWaiting<Result>(
  { waitSeconds }: { readonly waitSeconds?: number | null | undefined },
  { place }: GraphqlContext,
  claim: () => Promise<Result>,
): Promise<Result> {
  return waitSeconds ? withoutPlace(place, claim) : claim();
}

/**
 * Runs work that has limits of its own, while another operation of its key has its place. Claims of tasks are such work: all
 * that arrive together are one statement, and eight of a key at a time would make small batches of a fleet with one key.
 */
export async function withoutPlace<Result>(place: Place, work: () => Promise<Result>): Promise<Result> {
  place.leave();
  try {
    return await work();
  } finally {
    place.retake();
  }
}
