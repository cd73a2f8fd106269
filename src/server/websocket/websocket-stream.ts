import { toPullStream } from '../../kernel/pull-stream.js';
import { type AnyResult, toSentResult } from '../result-response.js';
import type { WrittenResult } from '../streams/shared-operation.js';

/**
 * Sends a message that is put together of parts in UTF-8; the promise, if there is one, resolves when the client has
 * caught up enough for the next.
 */
export type Send = (...parts: readonly Buffer[]) => Promise<void> | undefined;

/** So many messages leave in one turn of the event loop, and then others have theirs; deeper the calls can't nest. */
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
  const results = toPullStream(stream);
  const head = Buffer.from(`{"id":${JSON.stringify(id)},"type":"next","payload":`);

  function sendAll(): Promise<IteratorReturnResult<undefined>> {
    return new Promise((resolve, reject) => {
      let count = 0;
      const pull = () => results.pull(take, reject);
      const goOn = (wait: Promise<void> | undefined) => {
        count += 1;
        if (wait) void wait.then(pull);
        else if (count % MESSAGES_PER_TURN === 0) setImmediate(pull);
        else pull();
      };
      const take = ({ done, value }: IteratorResult<AnyResult, undefined>) => {
        if (done) return resolve(ended);
        try {
          goOn(send(head, toBytes(value), TAIL));
        } catch (error) {
          reject(error);
        }
      };
      pull();
    });
  }

  return {
    next: sendAll,
    async return() {
      await results.return();
      return ended;
    },
    async throw(error) {
      await results.return();
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
