import { systemClock } from '../../../src/kernel/clock.js';
import { newId } from '../../../src/kernel/ids.js';
import { createServer } from '../../../src/server/server.js';
import { createEventNames } from '../../../src/services/events/event-names.js';
import { startWebhooks } from '../../../src/start-webhooks.js';
import { type LiveGraph, schema } from './live-graph.js';

/** Delivers to webhooks in the process of the graph, as the application does. Returns the end of it. */
export async function startDelivery(graph: LiveGraph): Promise<{ stop(): Promise<unknown> }> {
  const { services, feed, createContext } = graph;
  const server = createServer({
    schema,
    http: { host: '127.0.0.1', port: 0, basePath: '', corsOrigins: [] },
    authenticate: async () => null,
    createContext,
    events: {
      open: () => Promise.reject(new Error(`${newId('srv')} serves no requests`)),
      issueTicket: () => Promise.reject(new Error('this server has no tickets')),
      redeemTicket: async () => null,
    },
    isReady: () => true,
    isOutage: services.database.outages.note,
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    instrument: services.instrument,
    clock: systemClock,
  });
  return startWebhooks({
    config: { publicUrl: 'https://tasks.example/' },
    ...{ services, feed, names: createEventNames(services.database) },
    server,
  });
}
