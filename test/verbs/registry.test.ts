import { readFileSync } from 'node:fs';
import { buildSchema, isEnumType, Kind, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  AttentionChangedDocument,
  FollowEventsDocument,
  OverviewChangesDocument,
  TaskChangesDocument,
  TasksChangedDocument,
} from '../../src/generated/operations.js';
import { calls, lists } from '../../src/sdk/operations/table.js';
import { PRIORITIES, TASK_STATUSES } from '../../src/verbs/fields.js';
import { verbs } from '../../src/verbs/registry.js';

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));

/** Root fields that no verb reaches, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  'query attentionSummary': 'Subscription.needsAttention delivers the same counts, the first time at once.',
  'query node': 'Any object has a verb of its own; "mc graphql" reads one by its id alone.',
  'query nodes': 'The same for several objects; "mc task show" and the lists read them by name.',
};

const streams: Readonly<Record<string, string>> = {
  followEvents: FollowEventsDocument,
  followAttention: AttentionChangedDocument,
  followOverview: OverviewChangesDocument,
  followTask: TaskChangesDocument,
  followTasks: TasksChangedDocument,
};

const documents: Readonly<Record<string, { readonly document: string }>> = { ...calls, ...lists };

/** The root fields of an operation: `mutation createTask`. */
function rootsOf(operation: string): string[] {
  const document = streams[operation] ?? documents[operation]?.document;
  if (document === undefined) throw new Error(`the client has no operation ${operation}`);
  return parse(document).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? definition.selectionSet.selections.map((field) =>
          field.kind === Kind.FIELD ? `${definition.operation} ${field.name.value}` : '',
        )
      : [],
  );
}

function rootsOfSchema(): string[] {
  const types = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  return Object.entries(types).flatMap(([kind, type]) =>
    Object.keys(type?.getFields() ?? {}).map((name) => `${kind} ${name}`),
  );
}

describe('the registry of verbs', () => {
  it('reaches every query, mutation and subscription, except those that are listed with a reason', () => {
    const reached = new Set(verbs.flatMap(({ operations }) => operations.flatMap(rootsOf)));
    const missing = rootsOfSchema().filter((root) => !reached.has(root));
    expect(missing.sort()).toEqual(Object.keys(exceptions).sort());
  });

  it.each([
    ['TaskStatus', TASK_STATUSES],
    ['TaskPriority', PRIORITIES],
  ])('takes every value of %s', (name, values) => {
    const type = schema.getType(name);
    const known = isEnumType(type) ? type.getValues().map((value) => value.name) : [];
    expect([...values].sort()).toEqual(known.sort());
  });

  it('gives every verb a name of its own', () => {
    const names = verbs.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(verbs)('describes $name in a line, and says when to use it and when not', (verb) => {
    expect(verb.summary).toMatch(/^[A-Z].*\.$/);
    expect(verb.summary.length).toBeLessThanOrEqual(100);
    expect(verb.use).toMatch(/\.$/);
    expect(verb.avoid).toMatch(/\.$/);
    for (const example of verb.examples) expect(example).toContain(`mc ${verb.name}`);
  });

  it.each(verbs)('describes each field of $name, and takes by place only fields that it has', (verb) => {
    for (const field of Object.values(verb.input.shape))
      expect((field as { description?: string }).description).toMatch(/[.:]/);
    expect(Object.keys(verb.input.shape)).toEqual(
      expect.arrayContaining([...(verb.places ?? []), ...(verb.texts ?? [])]),
    );
  });

  it.each(verbs)('says truly whether $name only reads', (verb) => {
    const isMutation = verb.operations.flatMap(rootsOf).some((root) => root.startsWith('mutation'));
    expect(verb.effect.readOnly).toBe(!isMutation);
  });
});
