import { toPullStream } from '../../kernel/pull-stream.js';
import { type AnyResult, toSentResult } from '../result-response.js';
import type { WrittenResult } from '../streams/shared-operation.js';

/**
 * Sends a message that consists of parts in UTF-8. If a promise is returned, it resolves when the client has read enough to
 * send the next message.
 */
export type Send = (...parts: readonly Buffer[]) => Promise<void> | undefined;

/** Messages of one stream per turn of the event loop, so that others get their turn. It also limits the depth of the calls. */
const MESSAGES_PER_TURN = 16;

/**
 * Sends a stream's results as messages of the protocol. To the library it looks like a stream without results, because the
 * library would serialise each result again. The library still sends the end of the stream, and closes the stream when the
 * client completes it.
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
      const pullNext = (wait: Promise<void> | undefined) => {
        count += 1;
        if (wait) void wait.then(pull);
        else if (count % MESSAGES_PER_TURN === 0) setImmediate(pull);
        else pull();
      };
      const take = ({ done, value }: IteratorResult<AnyResult, undefined>) => {
        if (done) return resolve(ended);
        try {
          pullNext(send(head, toBytes(value), TAIL));
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
