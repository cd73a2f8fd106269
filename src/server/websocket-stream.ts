import { type AnyResult, toSentResult } from './result-response.js';
import type { WrittenResult } from './shared-operation.js';

/**
 * Sends a message that is put together of parts in UTF-8; the promise, if there is one, resolves when the client has
 * caught up enough for the next.
 */
export type Send = (...parts: readonly Buffer[]) => Promise<void> | undefined;

/** So many messages leave in one turn of the event loop, and then others have theirs. */
const MESSAGES_PER_TURN = 16;

/**
 * Sends a stream's results as messages of the protocol, while the library takes it for a stream that ends without one:
 * the library would write each result as JSON again. It still says how the stream ends, and returns it when the client
 * completes it.
 */
export function sendStream(
  stream: AsyncIterable<AnyResult>,
  id: string,
  send: Send,
): AsyncGenerator<never, void> {
  const results = stream[Symbol.asyncIterator]();
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);

  async function sendAll(): Promise<IteratorReturnResult<undefined>> {
    for (let count = 1; ; count += 1) {
      const { done, value } = await results.next();
      if (done) return ended;
      const wait = send(head, toBytes(value), TAIL);
      if (wait) await wait;
      else if (count % MESSAGES_PER_TURN === 0) await new Promise(setImmediate);
    }
  }

  return {
    next: sendAll,
    async return() {
      await results.return?.();
      return ended;
    },
    async throw(error) {
      await results.return?.();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const ended = { done: true, value: undefined } as const;

const TAIL = Buffer.from('}');

function toBytes(result: AnyResult | WrittenResult): Buffer {
  return 'toBytes' in result ? result.toBytes() : Buffer.from(JSON.stringify(toSentResult(result)));
}
