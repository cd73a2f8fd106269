import { getIntrospectionQuery, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { lengthPerEntry } from '../../../src/graphql/base/answer-extent.js';
import { buildSchema } from '../../../src/graphql/schema.js';
import { serverLimits } from '../../../src/server/limits.js';

const schema = buildSchema();
const lengthOf = (document: string) => lengthPerEntry(schema, parse(document));
/** How many entries an answer may have before it is measured. */
const entriesOf = (document: string) => Math.floor(serverLimits.maxAnswerLength / lengthOf(document));

describe('the length of an answer per entry', () => {
  it('is small for an ordinary list, so that its answers are not measured', () => {
    const list = (fields: string) => `{ tasks(first: 100) { nodes { ${fields} } } }`;
    const usual = 'id ref title status priority tags createdAt updatedAt dueAt version assignee { id name }';
    expect(entriesOf(list(usual))).toBeGreaterThan(200);
    expect(entriesOf(list(`${usual} description`))).toBeGreaterThan(10);
    expect(entriesOf(list('assignee { soul }'))).toBeLessThan(10);
  });

  it('counts names, aliases and fragments', () => {
    const name = 'x'.repeat(1_000);
    expect(lengthOf(`{ ${name}: whoAmI }`) - lengthOf('{ a: whoAmI }')).toBe(999);
    const fragment = 'fragment T on Task { title }';
    const once = lengthOf(`{ tasks { nodes { ...T } } } ${fragment}`);
    const twice = lengthOf(
      `{ tasks { nodes { ...T } } b: tasks { nodes { ... on Task { ...T } } } } ${fragment}`,
    );
    expect(twice).toBeGreaterThan(2 * once - 100);
    expect(once).toBe(lengthOf('{ tasks { nodes { title } } }'));
  });

  it('has no limit for introspection, whose lists are not counted', () => {
    expect(lengthOf(getIntrospectionQuery())).toBe(Number.POSITIVE_INFINITY);
    expect(lengthOf('{ __type(name: "Task") { name } }')).toBe(Number.POSITIVE_INFINITY);
    expect(lengthOf('{ __typename }')).toBeLessThan(200);
  });
});
