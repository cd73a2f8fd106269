/**
 * Resolves with the result of the work, or with that of `onLate` after `ms` if that is earlier. Rejects if the work
 * rejects before that.
 */
export async function withDeadline<Result>(
  ms: number,
  work: Promise<Result>,
  onLate: () => Result,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Result>((resolve) => {
    timer = setTimeout(() => resolve(onLate()), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the work ends, or after `ms` if that is earlier. Rejects if the work rejects before that. */
export async function waitAtMost(ms: number, work: Promise<unknown>): Promise<void> {
  await withDeadline<unknown>(ms, work, () => undefined);
}
