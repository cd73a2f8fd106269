/** The part of an AbortController that a request needs. */
export type LazyAbort = Pick<AbortController, 'signal' | 'abort'>;

/** Makes its controller when somebody looks at the signal: nearly every request is over before anybody does. */
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
