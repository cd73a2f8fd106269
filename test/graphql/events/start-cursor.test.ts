import { describe, expect, it } from 'vitest';
import { aTask } from '../../support/factories/factory.js';
import type { LiveGraph } from '../../support/graphql/live-graph.js';
import { useTwoLiveGraphs } from '../../support/graphql/use-two-live-graphs.js';

let here: LiveGraph;

useTwoLiveGraphs((graphs) => {
  ({ here } = graphs);
});

const EVENTS = `subscription ($after: Cursor) {
  events(after: $after, startCursor: true, filter: { types: ["task.created"] }) {
    __typename id cursor type at actor { displayName } ... on TaskEvent { task { id } }
  }
}`;

describe('Subscription.events with startCursor', () => {
  it('begins with the cursor from which a client resumes that has received no event', async () => {
    await aTask(here.services);
    await here.settled();
    const first = await here.watch(EVENTS);
    await first.has(1);
    const [start] = first.items;
    expect(start).toEqual({
      __typename: 'StreamStartedEvent',
      id: `stream_${start.cursor}`,
      cursor: expect.any(String),
      type: 'stream.started',
      at: expect.any(String),
      actor: { displayName: 'System' },
    });

    const { id } = await aTask(here.services);
    // Now the process has read it, and knows how far behind the cursor is.
    await first.has(2);
    await first.close();
    const resumed = await here.watch(
      `subscription ($after: Cursor) { events(after: $after, startCursor: true) {
      cursor ... on TaskEvent { task { id } } ... on StreamStartedEvent { behind } } }`,
      { after: start.cursor },
    );
    await resumed.has(2);
    expect(resumed.items[0].behind).toBe(1);
    expect(resumed.items.map(({ cursor, task }) => task?.id ?? cursor)).toEqual([start.cursor, id]);
    await resumed.close();
  });
});
