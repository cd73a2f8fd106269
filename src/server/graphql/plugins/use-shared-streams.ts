import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { RequestScope } from '../../request-scope.js';
import type { Subscribe } from '../../streams/subscribe.js';

/** Has yoga begin subscriptions as WebSockets do. */
export function useSharedStreams(subscribe: Subscribe): Plugin<RequestScope, RequestScope> {
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const scope = args.contextValue;
      setSubscribeFn((given) => subscribe(given, scope));
    },
    // Yoga answers 406 to a subscription that is not asked for as a stream, and forgets the one it has opened.
    async onResultProcess({ result, resultProcessor }) {
      if (resultProcessor || !isAsyncIterable(result)) return;
      await result[Symbol.asyncIterator]().return?.();
    },
  };
}
