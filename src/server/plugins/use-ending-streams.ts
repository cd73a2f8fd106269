import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { OpenStreams } from '../open-streams.js';
import type { RequestScope } from '../request-scope.js';

/**
 * Registers the streams of subscriptions, so that a stop completes them and a client that goes away ends them even
 * while its connection is blocked by what it has not read.
 */
export function useEndingStreams(streams: OpenStreams<ExecutionResult>): Plugin<RequestScope, RequestScope> {
  return {
    onSubscribe: ({ args }) => ({
      onSubscribeResult({ result, setResult }) {
        if (!isAsyncIterable(result)) return;
        setResult(streams.open(result, args.contextValue.signal));
      },
    }),
    // Yoga answers 406 to a subscription that is not asked for as a stream, and forgets the one it has opened.
    async onResultProcess({ result, resultProcessor }) {
      if (resultProcessor || !isAsyncIterable(result)) return;
      await result[Symbol.asyncIterator]().return?.();
    },
  };
}
