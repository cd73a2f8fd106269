import type { Plugin } from 'graphql-yoga';
import { eventStreamHeaders } from '../../sse/event-stream.js';

/**
 * Gives GraphQL event streams the headers of the plain one. Yoga sends `Connection: keep-alive` even to a client that asked
 * to close the connection and waits for it, and it names a content encoding that does not exist.
 */
export function useStreamHeaders(): Plugin {
  return {
    onResponse({ response: { headers } }) {
      if (!headers.get('content-type')?.startsWith('text/event-stream')) return;
      for (const name of ['connection', 'content-encoding']) headers.delete(name);
      for (const [name, value] of Object.entries(eventStreamHeaders)) headers.set(name, value);
    },
  };
}
