/**
 * What the package takes from where it runs: the clock, timers and randomness enter here and nowhere else, so that tests
 * can replace them and browsers and Node behave alike.
 */

/** Milliseconds on a clock that never jumps. Only differences mean something. */
export function monotonicMs(): number {
  return performance.now();
}

/** A number from 0 up to 1. */
export function random(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}

/**
 * The pause after so many failures, in milliseconds: it doubles with each, up to a longest one. Half of it is random, so that
 * clients that failed together do not return together.
 */
export function backoffMs(failures: number, firstMs: number, longestMs: number): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** failures);
  return ceiling / 2 + (ceiling / 2) * random();
}

/** A new idempotency key. `crypto.randomUUID` is missing on pages that were loaded over plain HTTP. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Waits. Rejects with the signal's reason as soon as the signal is aborted.
 *
 * @param ms - how long, in milliseconds.
 */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    function stop(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** The reason of a signal whose time is over. */
export class DeadlinePassed extends Error {}

/**
 * Runs some work with a signal that is aborted with the given one, or after a time, whose reason is DeadlinePassed.
 * `AbortSignal.any` would do, but Node 20 collects its signals as garbage while they are in use, and then they are never
 * aborted.
 *
 * @param ms - how long, in milliseconds.
 */
export async function withDeadline<Result>(
  ms: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  // Node 20's fetch may miss an abort after a garbage collection, so the work is given up here as well.
  const givenUp = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true });
  });
  const timer = setTimeout(() => controller.abort(new DeadlinePassed(`The time of ${ms} ms is over.`)), ms);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    return await Promise.race([work(controller.signal), givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Runs some work with a signal that is aborted a while after another one. */
export async function withinAfter<Result>(
  { after, ms, reason }: { readonly after: AbortSignal; readonly ms: number; readonly reason: unknown },
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const start = () => {
    timer = setTimeout(() => controller.abort(reason), ms);
  };
  after.addEventListener('abort', start, { once: true });
  if (after.aborted) start();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    after.removeEventListener('abort', start);
  }
}

/** The result of some work, unless the signal is aborted before: then it rejects with the signal's reason at once. */
export async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Where a worker that was given no `onError` writes what it survived. */
export function warn(error: unknown): void {
  // biome-ignore lint/suspicious/noConsole: a program that handles no errors must still see them.
  console.error(error);
}
