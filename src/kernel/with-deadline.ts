/**
 * Resolves with what the work comes to, or with the answer of `onLate` if `ms` come first. What the work rejects with is
 * the caller's.
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

/** Resolves when the work is done, or after `ms` if that comes first. What the work rejects with is the caller's. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  await withDeadline<unknown>(ms, work, () => undefined);
}
