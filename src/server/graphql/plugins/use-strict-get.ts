import type { Plugin } from 'graphql-yoga';
import { protocolError } from '../../protocol-error.js';

/** Variables in a URL that are no JSON are the caller's mistake; yoga takes them for a fault. */
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
