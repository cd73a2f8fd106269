import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { identifyOperation } from '../../../src/graphql/base/operation-identity.js';

const viewer: Viewer = { keyId: 'key_1', role: 'VIEWER', agentId: null };
const query = `subscription Live($after: Cursor, $filter: EventFilter) {
  events(after: $after, filter: $filter) { type }
}`;

function identify(
  text = query,
  variableValues: Record<string, unknown> = {},
  operationName?: string,
  who: Viewer = viewer,
) {
  return identifyOperation({ document: parse(text), variableValues, operationName }, who);
}

describe('subscriptions are the same operation', () => {
  it('for every key with the same rights', () => {
    expect(identify(query, {}, undefined, { ...viewer, keyId: 'key_2' })).toBe(identify());
  });

  it('with any layout of the document and any order of the variables', () => {
    const variables = { filter: { types: ['task'], task: { id: 'a' } } };
    const reordered = { filter: { task: { id: 'a' }, types: ['task'] } };
    expect(identify(query.replaceAll('\n', ' '), reordered)).toBe(identify(query, variables));
  });

  it('with any cursor to resume from', () => {
    expect(identify(query, { after: 'a' })).toBe(identify(query, { after: 'b' }));
    expect(identify(query, { after: 'a' })).toBe(identify());
  });
});

describe('subscriptions are different operations', () => {
  it('with other rights', () => {
    const others: Viewer[] = [
      { ...viewer, role: 'ADMIN' },
      { ...viewer, role: 'AGENT', agentId: 'agt_1' },
      { ...viewer, role: 'AGENT', agentId: 'agt_2' },
    ];
    const ids = [viewer, ...others].map((who) => identify(query, {}, undefined, who));
    expect(new Set(ids).size).toBe(4);
  });

  it('with other documents, operations or variables', () => {
    const two = `${query} subscription Other { events { type } }`;
    const ids = [
      identify(),
      identify(query.replace('{ type }', '{ id }')),
      identify(query, {}, 'Live'),
      identify(two, {}, 'Live'),
      identify(two, {}, 'Other'),
      identify(query, { filter: { types: ['task'] } }),
      identify(query, { filter: { types: ['run', 'task'] } }),
      identify(query, { filter: { types: ['task', 'run'] } }),
      identify(query, { filter: { types: [] } }),
      identify(query, { filter: null }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('with a cursor argument that does more than set the begin of the stream', () => {
    const used = `subscription ($after: Cursor) { events(after: $after) { ... on TaskEvent { task { events(after: $after) { totalCount } } } } }`;
    const elsewhere =
      'subscription ($from: Cursor) { events { ... on TaskEvent { task { events(after: $from) { totalCount } } } } }';
    expect(identify(used, { after: 'a' })).not.toBe(identify(used, { after: 'b' }));
    expect(identify(elsewhere, { from: 'a' })).not.toBe(identify(elsewhere, { from: 'b' }));
    const inFragment =
      'subscription ($after: Cursor) { ...f } fragment f on Subscription { events(after: $after) { type } }';
    expect(identify(inFragment, { after: 'a' })).not.toBe(identify(inFragment, { after: 'b' }));
  });
});
