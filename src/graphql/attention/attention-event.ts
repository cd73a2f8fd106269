import type { LogEntry } from '../../feed/hub.js';
import { builder } from '../builder.js';
import { eventInterfaces, payloadOf } from '../events/event.js';

builder.objectRef<LogEntry>('AttentionEvent').implement({
  description: 'A person has acknowledged something that needed attention. Not seen by keys of agents.',
  interfaces: eventInterfaces,
  fields: (t) => ({
    itemId: t.id({
      nullable: true,
      description: 'The id of the AttentionItem.',
      resolve: (event) => payloadOf(event).itemId ?? null,
    }),
  }),
});
