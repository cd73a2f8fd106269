import fc from 'fast-check';
import {
  type ExecutionArgs,
  execute,
  type GraphQLInputType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  parse,
  validate,
} from 'graphql';
import { createSchema } from 'graphql-yoga';
import { describe, expect, it } from 'vitest';
import { createExecutor, isCompilable } from '../../../src/server/graphql/executor.js';
import { schema as wholeSchema } from '../../support/graphql/graph.js';

/** Answers with the arguments of its resolver, so that the inputs of two executors can be compared. */
const typeDefs = /* GraphQL */ `
  directive @oneOf on INPUT_OBJECT
  scalar Moment
  enum Colour { RED GREEN }
  input Range { from: Moment to: Moment = "2001-01-01T00:00:00Z" }
  input Ref @oneOf { id: ID name: String inner: Filter }
  input Filter {
    text: String = "none"
    size: Int! = 3
    ratio: Float
    isDone: Boolean
    colours: [Colour!]
    range: Range = {}
    refs: [Ref!]
    and: [Filter!]
    grid: [[Int]]
  }
  type Query {
    text(v: String = "x"): String!
    number(v: Int): String!
    numberNonNull(v: Int!): String!
    ratio(v: Float): String!
    flag(v: Boolean! = true): String!
    id(v: ID): String!
    colour(v: Colour): String!
    moment(v: Moment = "2000-01-01T00:00:00Z"): String!
    list(v: [Int!]): String!
    grid(v: [[Colour]!]): String!
    ref(v: Ref): String!
    refNonNull(v: Ref!): String!
    filter(v: Filter): String!
    filters(v: [Filter!]! = [{ text: "default" }]): String!
    both(v: Filter, w: Ref): String!
  }
`;

const schema = createInputSchema();

function createInputSchema(): GraphQLSchema {
  const made = createSchema({
    typeDefs,
    resolvers: {
      Colour: { RED: 0xff0000, GREEN: { internal: 'green' } },
    },
  });
  const moment = made.getType('Moment');
  if (isScalarType(moment)) {
    moment.parseValue = (value: unknown) => {
      if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) throw new TypeError('no moment');
      return new Date(value);
    };
    moment.parseLiteral = (node) => moment.parseValue(node.kind === 'StringValue' ? node.value : undefined);
  }
  for (const field of Object.values(made.getQueryType()!.getFields()))
    field.resolve = (_root, args) => shown(args);
  return made;
}

/** Tells dates from texts, and members that are left out from those that are null. */
function shown(value: unknown): string {
  if (value instanceof Date) return `Date(${value.toISOString()})`;
  if (Array.isArray(value)) return `[${value.map(shown).join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, inner]) => `${name}:${shown(inner)}`)
      .sort()
      .join(',')}}`;
  return `${typeof value}:${String(value)}`;
}

/** JSON that suits an input type mostly, and sometimes does not. */
function inputOf(type: GraphQLInputType, depth = 0): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return inputOf(type.ofType, depth);
  const wrong = fc.constantFrom<unknown>(null, 7, -0.5, 3e9, '', 'x', true, {}, [], [null], { odd: 1 });
  return fc.oneof({ weight: 9, arbitrary: fitting(type, depth) }, { weight: 1, arbitrary: wrong });
}

function fitting(type: GraphQLInputType, depth: number): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return fitting(type.ofType, depth);
  if (isListType(type)) {
    const item = inputOf(type.ofType, depth + 1);
    return fc.oneof(fc.array(item, { maxLength: 2 }), item);
  }
  if (isEnumType(type)) return fc.constantFrom('RED', 'GREEN', 'BLUE');
  if (isInputObjectType(type)) {
    if (depth > 3) return fc.constant({});
    const fields = Object.values(type.getFields()).map(
      (field) => [field.name, inputOf(field.type, depth + 1)] as const,
    );
    const some = fc.record(Object.fromEntries(fields), { requiredKeys: [] });
    const one = fc.oneof(...fields.map(([name, value]) => value.map((given) => ({ [name]: given }))));
    return type.isOneOf ? fc.oneof({ weight: 3, arbitrary: one }, some) : some;
  }
  const plain: Record<string, readonly unknown[]> = {
    Int: [0, 1, -7, 2_147_483_648, 1.0],
    Float: [0, 1.5, -2e10],
    Boolean: [true, false],
    ID: ['id', 12, ''],
    String: ['', 'a "quoted" text\n', '\u2028 $x `y`', magic('1'), '__proto__'],
    Moment: ['2020-02-02T02:02:02Z', 'never', magic('2')],
  };
  return fc.constantFrom(...(plain[type.name] ?? []));
}

/** What the compiler writes into its code in place of a date, and replaces there: as text it would be executed. */
function magic(code: string): string {
  return `__MAGIC_DATE__33a9e76d_02e0_4128_8e92_3530ad3da74d${code}`;
}

/** A value as it stands in a document; the strings of enum fields are names there. */
function literalOf(value: unknown, type: GraphQLInputType): string {
  if (isNonNullType(type)) return literalOf(value, type.ofType);
  if (Array.isArray(value)) {
    const item = isListType(type) ? type.ofType : type;
    return `[${value.map((inner) => literalOf(inner, item)).join(' ')}]`;
  }
  if (isListType(type)) return literalOf(value, type.ofType);
  if (typeof value === 'object' && value !== null) {
    const fields = isInputObjectType(type) ? type.getFields() : {};
    return `{${Object.entries(value)
      .map(([name, inner]) => `${name}: ${literalOf(inner, fields[name]?.type ?? type)}`)
      .join(' ')}}`;
  }
  if (isEnumType(type) && typeof value === 'string') return value === '' ? '""' : value;
  return JSON.stringify(value);
}

interface Case {
  readonly source: string;
  readonly variables: Record<string, unknown>;
}

/** One field with each of its arguments as a literal, as a variable with or without a default, or as a part of a literal. */
const cases: fc.Arbitrary<Case> = fc
  .constantFrom(...Object.values(schema.getQueryType()!.getFields()))
  .chain((field) => {
    const givens = field.args.map((arg) =>
      fc
        .record({
          way: fc.constantFrom('literal', 'variable', 'default', 'nested', 'none'),
          value: inputOf(arg.type),
          fallback: inputOf(arg.type),
          isSent: fc.boolean(),
        })
        .map((given) => writeArgument(arg.name, arg.type, given)),
    );
    return fc.tuple(...givens).map((written) => {
      const definitions = written.flatMap(({ definition }) => definition);
      const args = written.flatMap(({ text }) => text);
      return {
        source: `query${inParentheses(definitions)} { field: ${field.name}${inParentheses(args)} }`,
        variables: Object.assign({}, ...written.map(({ variables }) => variables)),
      };
    });
  });

interface Given {
  readonly way: string;
  readonly value: unknown;
  readonly fallback: unknown;
  readonly isSent: boolean;
}

function writeArgument(name: string, type: GraphQLInputType, { way, value, fallback, isSent }: Given) {
  if (way === 'none') return { definition: [], text: [], variables: {} };
  if (way === 'literal')
    return { definition: [], text: [`${name}: ${literalOf(value, type)}`], variables: {} };
  const bare = isNonNullType(type) ? type.ofType : type;
  if (way === 'nested' && isInputObjectType(bare)) {
    const [field] = Object.values(bare.getFields());
    const sent = typeof value === 'object' && value !== null ? Object.values(value)[0] : value;
    const needed = bare.isOneOf ? '!' : '';
    return {
      definition: [`$${name}: ${field!.type}${needed}`],
      text: [`${name}: { ${field!.name}: $${name} }`],
      variables: isSent ? { [name]: sent } : {},
    };
  }
  const declared = way === 'default' ? `${bare} = ${literalOf(fallback, type)}` : String(type);
  return {
    definition: [`$${name}: ${declared}`],
    text: [`${name}: $${name}`],
    variables: isSent ? { [name]: value } : {},
  };
}

function inParentheses(parts: readonly string[]): string {
  return parts.length > 0 ? `(${parts.join(', ')})` : '';
}

const written = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('compiled queries', () => {
  it('take and refuse the same inputs as graphql-js, as literals and as variables', async () => {
    const seen = { taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(cases, async ({ source, variables }) => {
        const document = parse(source);
        if (validate(schema, document).length > 0) return;
        expect(isCompilable(schema, document)).toBe(true);
        const args: ExecutionArgs = { schema, document, variableValues: variables };
        const expected = written(await execute(args));
        const run = createExecutor(2);
        for (let time = 0; time < 3; time += 1) expect(written(await run(args))).toEqual(expected);
        seen[JSON.stringify(expected).startsWith('{"errors"') ? 'refused' : 'taken'] += 1;
      }),
      { numRuns: 1_000 },
    );
    expect(seen.taken).toBeGreaterThan(150);
    expect(seen.refused).toBeGreaterThan(50);
  });

  it('refuse two members of a @oneOf input each time', async () => {
    const document = parse('query ($v: Ref!) { refNonNull(v: $v) }');
    const run = createExecutor();
    for (let time = 0; time < 5; time += 1) {
      const { errors } = await run({ schema, document, variableValues: { v: { id: 'a', name: 'b' } } });
      expect(errors?.[0]?.message).toContain('Exactly one key must be specified');
    }
  });

  it.each([
    ['a literal', (text: string) => `{ text(v: ${JSON.stringify(text)}) }`],
    ['a default', (text: string) => `query ($v: String = ${JSON.stringify(text)}) { text(v: $v) }`],
    ['an object', (text: string) => `{ filter(v: { text: ${JSON.stringify(text)} }) }`],
  ])('never execute a text of the caller that stands in %s', async (_where, write) => {
    const document = parse(write(magic('(globalThis.isTakenOver = true)')));
    expect(validate(schema, document)).toEqual([]);
    const result = await createExecutor(1)({ schema, document });
    expect(globalThis).not.toHaveProperty('isTakenOver');
    expect(JSON.stringify(result)).toContain('__MAGIC_DATE__');
  });

  it('answer an alias that is a name of JavaScript', async () => {
    const document = parse('{ __proto__: text constructor: text toString: text hasOwnProperty: text }');
    const result = await createExecutor(1)({ schema, document });
    expect(JSON.stringify(result)).toBe(JSON.stringify(await execute({ schema, document })));
  });

  it('with a variable of a recursive input type are ready at once', async () => {
    const document = parse(
      'query ($filter: TaskFilter) { tasks(filter: $filter, first: 5) { nodes { id title } } }',
    );
    expect(isCompilable(wholeSchema, document)).toBe(true);
    const before = process.memoryUsage().heapUsed;
    const begunAt = process.cpuUsage();
    await createExecutor(1)({ schema: wholeSchema, document, contextValue: {}, variableValues: {} });
    const { user } = process.cpuUsage(begunAt);
    expect(user / 1_000).toBeLessThan(1_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1_048_576);
  });
});
