import type { OperationRequest } from '../http/execute.js';
import type { Subscribe } from './transport.js';

/** What waits for a slow consumer at most. A stream with more is ended, and resumed when the consumer has caught up. */
const MAX_WAITING = 1_000;

/** How one subscription ended, when it did not end with an error. */
export type Ending = 'completed' | 'overflowed';

/** What ends a subscription early, and what is called with each result. */
export interface ReceiveOptions {
  readonly signal: AbortSignal | undefined;
  /** Called before each result: the connection works. */
  readonly onResult: () => void;
}

/**
 * The results of one subscription as an async iterable. A consumer that is slower than the server holds no more than a
 * thousand results in memory: then the iterable ends as `overflowed`, after the results that have arrived.
 *
 * @throws what ended the subscription, after the results that arrived before it, and the signal's reason at once.
 */
export async function* receive<Result>(
  subscribe: Subscribe,
  operation: OperationRequest,
  { signal, onResult }: ReceiveOptions,
): AsyncGenerator<Result, Ending, undefined> {
  let waiting: Result[] = [];
  let end: Ending | { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  const finish = (how: NonNullable<typeof end>) => {
    end ??= how;
    wake();
  };
  const abort = () => finish({ error: signal?.reason });
  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort);
  const unsubscribe = subscribe(operation, {
    next: (data) => {
      if (end) return;
      waiting.push(data as Result);
      if (waiting.length < MAX_WAITING) return wake();
      finish('overflowed');
      unsubscribe();
    },
    end: (error) => finish(error === null ? 'completed' : { error }),
  });
  try {
    for (;;) {
      const batch = waiting;
      waiting = [];
      for (const data of batch) {
        signal?.throwIfAborted();
        onResult();
        yield data;
      }
      if (waiting.length > 0) continue;
      if (typeof end === 'object') throw end.error;
      if (end) return end;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    unsubscribe();
  }
}
