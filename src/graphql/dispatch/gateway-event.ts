import type { LogEntry } from '../../feed/hub.js';
import { builder } from '../builder.js';
import { eventInterfaces, payloadOf } from '../events/event.js';

builder.objectRef<LogEntry>('GatewayEvent').implement({
  description:
    'A gateway stopped taking calls, or takes calls again. Not seen by keys of agents. Each process that notices it may report it.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    gatewayName: t.string({
      nullable: true,
      description: 'The name of the gateway.',
      resolve: (event) => payloadOf(event).gateway ?? null,
    }),
    message: t.string({
      nullable: true,
      description: 'Why it takes no calls, and for gateway.broken what an operator has to do.',
      resolve: (event) => payloadOf(event).message ?? null,
    }),
  }),
});
