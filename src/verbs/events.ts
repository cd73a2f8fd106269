import * as z from 'zod';
import { filterFields, toFilter } from './event-filter.js';
import { maybeCount, maybeInstant, maybeText, page, period, toRange } from './fields.js';
import { nodesOf, readList } from './list.js';
import { type EventLike, eventLine } from './looks/event-look.js';
import { type Look, lines, oneLine, type View } from './looks/look.js';
import { defineStream, defineVerb, effects } from './verb.js';

const watchEvents = defineStream({
  name: 'events watch',
  summary: 'Follows the events: each one once, in the order of the log, across lost connections.',
  use: 'Use it to react to changes. With --state it goes on where it was, also after a crash.',
  avoid: 'To wait for one task use "task watch"; for the past "events list".',
  operations: ['followEvents', 'eventCursor'],
  effect: effects.reads,
  input: z.strictObject({
    ...filterFields,
    after: maybeText('Only events after this cursor; from now on if left out.'),
    since: maybeInstant('past', 'Only events from this instant on: 2026-12-01T18:00:00Z, yesterday or 2h.'),
  }),
  examples: [
    'mc events watch --types task,agent --json',
    'mc events watch --task TASK-42 --state ./cursor --json',
  ],
  open: async function* (client, { after, since, ...filter }, options) {
    const begin = after ?? (since && (await client.eventCursor({ at: since }, options)));
    yield* client.followEvents({ ...options, after: begin, filter: toFilter(filter) });
  },
  view: (event, look) => lines(eventLine(event, look)),
});

function viewEvents(events: readonly EventLike[], look: Look): View {
  return events.length === 0 ? lines('No events.') : lines(...events.map((event) => eventLine(event, look)));
}

const list = defineVerb({
  name: 'events list',
  summary: 'Lists the last events, or those after a cursor or an instant.',
  use: 'Use it to see what has just happened.',
  avoid: 'To go on reading use "events watch".',
  operations: ['lastEvents', 'events'],
  effect: effects.reads,
  input: z.strictObject({ ...filterFields, ...period, ...page }),
  examples: [
    'mc events list --since 2026-12-01T18:00:00Z',
    'mc events list --types review --task TASK-42 --json',
  ],
  run: async (client, { limit, after, all, since, until, ...given }, options) => {
    const filter = { ...toFilter(given), at: toRange(since, until) };
    if (after !== undefined || since !== undefined || all)
      return readList(client.events({ first: limit, after, filter }, options), all);
    const { nodes } = await client.lastEvents({ last: limit, filter }, options);
    return { nodes, next: null };
  },
  data: nodesOf,
  view: ({ nodes }, look) => viewEvents(nodes, look),
});

const types = defineVerb({
  name: 'events types',
  summary: 'Lists the types of events with their meaning.',
  use: 'Use it to find the types for a filter.',
  avoid: 'docs/events.md has the same list with the fields of each type.',
  operations: ['eventTypes'],
  effect: effects.reads,
  input: z.strictObject({ limit: maybeCount('How many types are shown.', 1, 1_000) }),
  examples: ['mc events types', 'mc events types --json --fields name,description'],
  run: async (client, { limit }, options) => (await client.eventTypes(options)).slice(0, limit),
  view: (found) => ({
    parts: [
      {
        columns: ['TYPE', 'MEANING'],
        rows: found.map(({ name, description }) => [name, oneLine(description)]),
      },
    ],
  }),
});

export const eventVerbs = [watchEvents, list, types];
