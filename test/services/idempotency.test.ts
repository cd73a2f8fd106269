import { type GraphQLInputObjectType, getNamedType, isInputObjectType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSchema } from '../../src/graphql/schema.js';
import { fingerprintOf } from '../../src/services/idempotency.js';

/** The inputs that have an idempotency key, and all inputs inside of them. */
function keyedInputs(): GraphQLInputObjectType[] {
  const found = new Set<GraphQLInputObjectType>();
  function add(type: GraphQLInputObjectType): void {
    if (found.has(type)) return;
    found.add(type);
    for (const field of Object.values(type.getFields())) {
      const inner = getNamedType(field.type);
      if (isInputObjectType(inner)) add(inner);
    }
  }
  for (const type of Object.values(buildSchema().getTypeMap()))
    if (isInputObjectType(type) && 'idempotencyKey' in type.getFields()) add(type);
  return [...found];
}

const fields = keyedInputs().flatMap((type) =>
  Object.values(type.getFields()).map((field) => ({ type, field })),
);
const withDefaults = fields
  .filter(({ field }) => field.defaultValue !== undefined)
  .map(({ type, field }) => ({ type: type.name, name: field.name, value: field.defaultValue }));
const withFreeJson = fields
  .filter(({ field }) => getNamedType(field.type).name === 'JSONObject')
  .map(({ type, field }) => ({ type: type.name, name: field.name }));

describe('the fingerprint of a request', () => {
  it('is the same for null and for a field that is left out, at any depth', () => {
    const full = { title: 'a', description: null, subtask: { notes: undefined, list: [{ x: 1, y: null }] } };
    expect(fingerprintOf(full)).toBe(fingerprintOf({ title: 'a', subtask: { list: [{ x: 1 }] } }));
  });

  it('does not depend on the order of the fields', () => {
    expect(fingerprintOf({ a: 1, b: { c: 2, d: 3 } })).toBe(fingerprintOf({ b: { d: 3, c: 2 }, a: 1 }));
  });

  it('differs for other values, and for dates', () => {
    const inputs = [{}, { a: 1 }, { a: '1' }, { a: [] }, { a: [1] }, { a: new Date(0) }, { a: new Date(1) }];
    expect(new Set(inputs.map(fingerprintOf)).size).toBe(inputs.length);
  });

  it.each(withDefaults)(
    'takes the default of $type.$name for the field that is left out',
    ({ name, value }) => {
      expect(fingerprintOf({ [name]: value })).toBe(fingerprintOf({ [name]: null }));
    },
  );

  it.each(withFreeJson)('tells null from a missing key inside of $type.$name', ({ name }) => {
    expect(fingerprintOf({ [name]: { a: null } })).not.toBe(fingerprintOf({ [name]: {} }));
    expect(fingerprintOf({ [name]: { a: 1, b: 2 } })).toBe(fingerprintOf({ [name]: { b: 2, a: 1 } }));
  });

  it('covers inputs with defaults and with JSON', () => {
    expect(withDefaults.length).toBeGreaterThan(5);
    expect(withFreeJson.length).toBeGreaterThan(1);
  });
});
