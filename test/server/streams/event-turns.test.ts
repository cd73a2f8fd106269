import { GraphQLInt, GraphQLObjectType, GraphQLSchema, parse } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { createInstrument } from '../../../src/kernel/instrument.js';
import { createErrorPresenter } from '../../../src/server/error-presenter.js';
import { createEventTurns } from '../../../src/server/graphql/operation-queues.js';
import { serverLimits } from '../../../src/server/limits.js';
import { createSharedOperations } from '../../../src/server/streams/shared-operations.js';

/** Different subscriptions whose events are resolved when the test allows it. */
function subscriptions() {
  const held: (() => void)[] = [];
  const resolve = () => new Promise((done) => held.push(() => done(1)));
  const fields = { event: { type: GraphQLInt, resolve } };
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { a: { type: GraphQLInt } } }),
    subscription: new GraphQLObjectType({ name: 'Subscription', fields }),
  });
  const limits = { ...serverLimits, maxRunningEventsPerKey: 2, maxRunningEvents: 3 };
  const operations = createSharedOperations({
    createContext: () => ({}),
    presenter: createErrorPresenter(createInstrument()),
    limits,
    turns: createEventTurns(limits, systemClock),
  });
  const results: string[] = [];
  const receive = (keyId: string, name: string) => {
    const viewer: Viewer = { keyId, role: 'VIEWER', agentId: null };
    const args = { schema, document: parse(`subscription { ${name}: event }`) };
    const stage = operations.join(args, viewer, (error) => error);
    stage.pass({}, () => results.push(name), vi.fn(), []);
    return stage;
  };
  return { held, results, receive };
}

describe('the events of many subscriptions of one key', () => {
  it('are resolved a few at a time, and those of another key take turns with them', async () => {
    const { held, results, receive } = subscriptions();
    for (const name of ['a', 'b', 'c', 'd']) receive('key_one', name);
    await vi.waitFor(() => expect(held).toHaveLength(2), 20_000);
    receive('key_two', 'z');
    await vi.waitFor(() => expect(held).toHaveLength(3), 20_000);
    held.pop()?.();
    await vi.waitFor(() => expect(results).toEqual(['z']), 20_000);
    expect(held).toHaveLength(2);
    for (let answered = 2; answered <= 5; answered += 1) {
      held.shift()?.();
      await vi.waitFor(() => expect(results).toHaveLength(answered), 20_000);
    }
    expect(results).toEqual(['z', 'a', 'b', 'c', 'd']);
  });

  it('are not resolved after the client has left', async () => {
    const { held, results, receive } = subscriptions();
    const stages = ['a', 'b', 'c'].map((name) => receive('key_one', name));
    await vi.waitFor(() => expect(held).toHaveLength(2), 20_000);
    for (const stage of stages) stage.close();
    for (const answer of held.splice(0)) answer();
    receive('key_one', 'later');
    await vi.waitFor(() => expect(held).toHaveLength(1), 20_000);
    held[0]?.();
    await vi.waitFor(() => expect(results).toEqual(['later']), 20_000);
  });
});
