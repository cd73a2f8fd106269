import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { RequestScope } from '../../request-scope.js';
import type { Subscribe } from '../../streams/subscribe.js';

/** Makes yoga begin subscriptions through the same function as WebSockets. */
export function useSharedStreams(subscribe: Subscribe): Plugin<RequestScope, RequestScope> {
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const scope = args.contextValue;
      setSubscribeFn((given) => subscribe(given, scope));
    },
    // If the client does not accept a stream, yoga answers 406 and does not close the stream that it has opened.
    async onResultProcess({ result, resultProcessor }) {
      if (resultProcessor || !isAsyncIterable(result)) return;
      await result[Symbol.asyncIterator]().return?.();
    },
  };
}
