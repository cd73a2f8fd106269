import type { Plugin } from 'graphql-yoga';
import { protocolError } from '../../protocol-error.js';

/** Refuses variables in a URL that are not JSON. Yoga would report them as an internal error. */
export function useStrictGet(): Plugin {
  return {
    onRequestParse({ request, requestParser, setRequestParser }) {
      if (request.method !== 'GET' || !requestParser) return;
      setRequestParser((got) => {
        try {
          return requestParser(got);
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
          throw protocolError('BAD_USER_INPUT', 'The parameters "variables" and "extensions" must be JSON.', {
            status: 400,
          });
        }
      });
    },
  };
}
