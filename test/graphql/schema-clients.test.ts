import { readFileSync } from 'node:fs';
import { CriticalityLevel } from '@graphql-inspector/core';
import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  OverlappingFieldsCanBeMergedRule,
  parse,
  buildSchema as parseSchema,
  validate,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { describeChanges, schemaChanges } from '../../scripts/print-schema-changes.js';
import { buildSchema } from '../../src/graphql/schema.js';
import { printSortedSchema } from '../../src/graphql/schema-text.js';

const schema = buildSchema();
const types = Object.values(schema.getTypeMap());

describe('the schema for clients', () => {
  it('breaks no client of the last release, and its changes are listed in the docs', async () => {
    const changes = await schemaChanges();
    const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
    expect(breaking.map(({ message }) => message)).toEqual([]);
    const page = readFileSync(new URL('../../docs/schema-changes.md', import.meta.url), 'utf8');
    expect(page).toBe(describeChanges(changes));
  });

  it.each(['Event', 'UserError'])(
    'allows one selection with all fields of every %s that are not deprecated',
    (name) => {
      const document = parse(
        `fragment all on ${name} { ${implementationsOf(name).map(inlineAll).join(' ')} }`,
      );
      const conflicts = validate(schema, document, [OverlappingFieldsCanBeMergedRule]);
      expect(conflicts.map(({ message }) => message)).toEqual([]);
    },
  );

  it.each(['Gateway', 'SchedulerJob', 'SoulTemplate', 'RecurringFiring', 'EventTypeInfo'])(
    'has an id for %s, by which clients cache it',
    (name) => {
      const type = schema.getType(name);
      expect(isObjectType(type) && String(type.getFields().id?.type)).toBe('ID!');
    },
  );

  it('says where every scalar is specified', () => {
    const own = types.filter(isScalarType).filter((type) => !isSpecifiedScalarType(type));
    expect(own.filter(({ specifiedByURL }) => !specifiedByURL).map(({ name }) => name)).toEqual([]);
  });

  it('has no double braces in its descriptions, which the templates of generators replace', () => {
    expect(printSortedSchema(schema)).not.toContain('{{');
  });

  it('returns no type with the name of an input, except in deprecated fields', () => {
    const fields = types.filter(isObjectType).flatMap((type) => current(type));
    const named = fields.map(({ type }) => getNamedType(type).name);
    expect(named.filter((name) => name.endsWith('Input'))).toEqual([]);
  });

  it('keeps @oneOf when it is printed', () => {
    expect(parseSchema(printSortedSchema(schema)).getType('TaskRef')).toMatchObject({ isOneOf: true });
  });
});

function implementationsOf(name: string): readonly GraphQLObjectType[] {
  const type = schema.getType(name);
  if (!isInterfaceType(type)) throw new Error(`${name} is not an interface`);
  return schema.getPossibleTypes(type);
}

function inlineAll(type: GraphQLObjectType): string {
  return `... on ${type.name} { ${current(type).map(selectionOf).join(' ')} }`;
}

function current(type: GraphQLObjectType): readonly GraphQLField<unknown, unknown>[] {
  return Object.values(type.getFields()).filter(({ deprecationReason }) => !deprecationReason);
}

function selectionOf({ name, type }: GraphQLField<unknown, unknown>): string {
  return isCompositeType(getNamedType(type)) ? `${name} { __typename }` : name;
}
