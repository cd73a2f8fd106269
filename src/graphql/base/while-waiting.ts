import type { GraphqlContext } from '../context.js';

/** Runs a claim. While one waits for work, another operation of its key has its place. */
export function whileWaiting<Result>(
  { waitSeconds }: { readonly waitSeconds?: number | null | undefined },
  { place }: GraphqlContext,
  claim: () => Promise<Result>,
): Promise<Result> {
  if (!waitSeconds) return claim();
  place.leave();
  return claim().finally(place.retake);
}
