import type { Plugin } from 'graphql-yoga';
import { eventStreamHeaders } from '../../sse/event-stream.js';

/**
 * Event streams with the headers of the plain one. Yoga says `Connection: keep-alive` also to a client that asked for
 * the connection's end and waits for it, and names an encoding that does not exist.
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
