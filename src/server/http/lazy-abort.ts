/** The part of AbortController that a request needs. */
export type LazyAbort = Pick<AbortController, 'signal' | 'abort'>;

/** Creates its controller on the first read of the signal. Nearly every request ends without one. */
export function createLazyAbort(): LazyAbort {
  let controller: AbortController | undefined;
  let isAborted = false;
  return {
    get signal() {
      controller ??= new AbortController();
      if (isAborted) controller.abort();
      return controller.signal;
    },
    abort() {
      isAborted = true;
      controller?.abort();
    },
  };
}
