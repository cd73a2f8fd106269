import { readFileSync } from 'node:fs';
import {
  DangerousChangeType,
  findBreakingChanges,
  findDangerousChanges,
  type GraphQLField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  buildSchema as parseSchema,
  printSchema,
  validateSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSchema } from '../../src/graphql/schema.js';
import { printSortedSchema } from '../../src/graphql/schema-text.js';

const schema = buildSchema();
const contract = parseSchema(read('contract.sdl'));

describe('the schema', () => {
  it('is valid', () => {
    expect(validateSchema(schema)).toEqual([]);
  });

  it('is the checked-in schema; `npm run schema` prints it', () => {
    expect(printSortedSchema(schema)).toBe(read('../../schema/schema.graphql'));
  });

  it('describes every type, field, argument, input field and enum value', () => {
    const described = Object.values(schema.getTypeMap())
      .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
      .flatMap(elementsOf);
    expect(described.length).toBeGreaterThan(500);
    expect(described.filter(([, text]) => (text ?? '').trim().length < 3).map(([name]) => name)).toEqual([]);
  });

  it('keeps every name and type of the contract', () => {
    expect(findBreakingChanges(contract, schema).map(({ description }) => description)).toEqual([]);
  });

  it('keeps every default of the contract', () => {
    const changes = findDangerousChanges(contract, schema);
    expect(changes.filter(({ type }) => type === DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE)).toEqual([]);
    expect(inputDefaults(parseSchema(printSchema(schema)), contract)).toEqual(
      inputDefaults(contract, contract),
    );
  });
});

type Element = readonly [name: string, description: string | null | undefined];

function elementsOf(type: GraphQLNamedType): Element[] {
  const own: Element = [type.name, type.description];
  if (isObjectType(type) || isInterfaceType(type)) {
    return [own, ...Object.values(type.getFields()).flatMap((field) => elementsOfField(type.name, field))];
  }
  if (isInputObjectType(type)) {
    return [
      own,
      ...Object.values(type.getFields()).map(
        (field): Element => [`${type.name}.${field.name}`, field.description],
      ),
    ];
  }
  if (isEnumType(type)) {
    return [
      own,
      ...type.getValues().map((value): Element => [`${type.name}.${value.name}`, value.description]),
    ];
  }
  return [own];
}

function elementsOfField(typeName: string, field: GraphQLField<unknown, unknown>): Element[] {
  const name = `${typeName}.${field.name}`;
  return [
    [name, field.description],
    ...field.args.map((arg): Element => [`${name}(${arg.name}:)`, arg.description]),
  ];
}

/** The defaults of the input fields in the contract. graphql-js compares only the defaults of arguments. */
function inputDefaults(of: ReturnType<typeof parseSchema>, known: ReturnType<typeof parseSchema>) {
  return Object.values(known.getTypeMap())
    .filter(isInputObjectType)
    .flatMap((type) => Object.keys(type.getFields()).map((field) => ({ type: type.name, field })))
    .map(({ type, field }) => {
      const found = of.getType(type);
      return {
        type,
        field,
        default: isInputObjectType(found) ? found.getFields()[field]?.defaultValue : undefined,
      };
    });
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}
