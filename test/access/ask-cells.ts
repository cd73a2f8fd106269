import { type GraphQLField, type GraphQLObjectType, getNamedType, isCompositeType } from 'graphql';
import { schema } from '../support/graphql/live-graph.js';
import { ANSWERS, MUTATIONS, type MutationCall } from './calls.js';
import { eventRoute, QUERIES, ROUTES } from './routes.js';
import type { Seeded } from './seed.js';
import { readStreamStart, readTaskChange, SUBSCRIPTIONS } from './subscriptions.js';
import { COLUMNS, type Column, type World, type WorldAnswer } from './world.js';

/**
 * What a key gets: `shown` is a value, `hidden` null or an empty list, `absent` that the key does not find the object,
 * `done` a mutation without errors, otherwise the code of the error.
 */
export type Cell = string;

/** The cells of each field of a type, in the order of the columns. Null where no table names a way to the field. */
export type Rows = Readonly<Record<string, readonly (Cell | null)[]>>;

type Field = GraphQLField<unknown, unknown>;

/** Asks for every field of the type with every key. Calls that change rows wait for each other. */
export async function askRows(world: World, seeded: Seeded, type: GraphQLObjectType): Promise<Rows> {
  const columns = await (changesRows(type) ? inTurn : atOnce)(COLUMNS, (column) =>
    askType(world, seeded, type, column),
  );
  const names = Object.keys(type.getFields());
  return Object.fromEntries(names.map((name) => [name, columns.map((cells) => cells[name] ?? null)]));
}

/** Whether the calls change rows. They run after all others, which find the seeded rows as they were. */
export function changesRows(type: GraphQLObjectType): boolean {
  return (
    type.name in ANSWERS ||
    type.name === 'TaskChange' ||
    type === schema.getMutationType() ||
    type === schema.getSubscriptionType()
  );
}

/** One operation for each type and root field, for keys that are refused before it is read. */
export function listOperations(seeded: Seeded): string[] {
  return [
    ...Object.values(QUERIES).map((query) => toQuery(query, seeded)[0]),
    ...Object.values(ROUTES).map((route) => toQuery(route.replaceAll('%', '__typename'), seeded)[0]),
    ...Object.keys(MUTATIONS).map((name) => mutationOf(name, '__typename')),
  ];
}

type Cells = Readonly<Record<string, Cell | undefined>>;

async function askType(
  world: World,
  seeded: Seeded,
  type: GraphQLObjectType,
  column: Column,
): Promise<Cells> {
  const fields = Object.values(type.getFields());
  if (type.name === 'StreamStartedEvent') return toCells(await readStreamStart(world, column, type));
  if (type.name === 'TaskChange') return toCells(await readTaskChange(world, column, type));
  const isRoot = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].includes(
    type,
  );
  const together = isRoot ? null : await askTogether(world, seeded, type, fields, column);
  if (together !== null) return together;
  const ask = async (field: Field): Promise<[string, Cell | undefined]> => {
    if (type === schema.getQueryType()) return [field.name, await askQuery(world, seeded, field, column)];
    if (type === schema.getMutationType()) return [field.name, await askMutation(world, field, column)];
    if (type === schema.getSubscriptionType())
      return [field.name, await SUBSCRIPTIONS[field.name]?.(world, column)];
    return [field.name, (await askTogether(world, seeded, type, [field], column))?.[field.name]];
  };
  return Object.fromEntries(await (changesRows(type) ? inTurn : atOnce)(fields, ask));
}

async function inTurn<In, Out>(all: readonly In[], each: (one: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (const one of all) results.push(await each(one));
  return results;
}

function atOnce<In, Out>(all: readonly In[], each: (one: In) => Promise<Out>): Promise<Out[]> {
  return Promise.all(all.map(each));
}

/**
 * Asks for several fields in one operation. Null if there are errors, which may be those of one field: then each field
 * needs an operation of its own.
 */
async function askTogether(
  world: World,
  seeded: Seeded,
  type: GraphQLObjectType,
  fields: readonly Field[],
  column: Column,
): Promise<Cells | null> {
  const selection = fields
    .map((field) => `cell_${field.name}: ${field.name} ${selectionOf(field)}`)
    .join(' ');
  const answer = await askObject(world, seeded, type, selection, column);
  if (answer === null || (answer.codes.length > 0 && fields.length > 1)) return null;
  const [code] = answer.codes;
  return Object.fromEntries(
    fields.map(({ name }) => [name, code ?? toCell(valuesIn(answer.data, `cell_${name}`))]),
  );
}

async function askObject(
  world: World,
  seeded: Seeded,
  type: GraphQLObjectType,
  selection: string,
  column: Column,
): Promise<WorldAnswer | null> {
  const call = ANSWERS[type.name];
  if (call !== undefined) {
    return sendMutation(world, call, (call.selection ?? '%').replace('%', selection), column);
  }
  const isEvent = type.getInterfaces().some(({ name }) => name === 'Event');
  const route = isEvent ? eventRoute(type.name) : ROUTES[type.name];
  if (route === undefined) return null;
  return world.ask(world.secrets[column], ...toQuery(route.replaceAll('%', selection), seeded));
}

/** The content of a list in pages is in its nodes. */
function selectionOf({ type }: Field): string {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return '';
  return named.name.endsWith('Connection') ? '{ nodes { __typename } }' : '{ __typename }';
}

async function askQuery(
  world: World,
  seeded: Seeded,
  { name }: Field,
  column: Column,
): Promise<Cell | undefined> {
  const query = QUERIES[name];
  if (query === undefined) return undefined;
  const answer = await world.ask(world.secrets[column], ...toQuery(`cell: ${query}`, seeded));
  return answer.codes[0] ?? toCell(valuesIn(answer.data, 'cell'));
}

async function askMutation(world: World, { name }: Field, column: Column): Promise<Cell | undefined> {
  const variables = MUTATIONS[name];
  if (variables === undefined) return undefined;
  const answer = await sendMutation(world, { mutation: name, variables }, 'errors { code }', column);
  const payload = answer.data?.[name] as { errors: { code: string }[] } | undefined;
  return answer.codes[0] ?? payload?.errors[0]?.code ?? 'done';
}

async function sendMutation(
  world: World,
  { mutation, variables, send = (_world, ask) => ask() }: MutationCall,
  selection: string,
  column: Column,
): Promise<WorldAnswer> {
  await world.graph.services.sql('UPDATE agents SET paused_at = NULL WHERE paused_at IS NOT NULL');
  const given = await variables(world);
  const document = mutationOf(mutation, selection);
  return send(world, () => world.ask(world.secrets[column], document, given));
}

/** The document of a mutation with all its arguments as variables. */
function mutationOf(name: string, selection: string): string {
  const args = schema.getMutationType()?.getFields()[name]?.args ?? [];
  const declared = args.map((arg) => `$${arg.name}: ${arg.type}`).join(', ');
  const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(', ');
  const [head, call] = args.length === 0 ? ['', name] : [`(${declared})`, `${name}(${passed})`];
  return `mutation ${head} { ${call} { ${selection} } }`;
}

/** A query with the ids of the seed that it names: `$tasks`, or `$oneTask` for the first of them. */
function toQuery(selection: string, seeded: Seeded): [query: string, variables: object] {
  const declared: string[] = [];
  const variables: Record<string, unknown> = {};
  for (const [name, ids] of Object.entries(seeded)) {
    const one = `one${name[0]?.toUpperCase()}${name.slice(1, -1)}`;
    if (selection.includes(`$${one})`) || selection.includes(`$${one} `)) {
      declared.push(`$${one}: ID!`);
      variables[one] = ids[0];
    }
    if (selection.includes(`$${name})`)) {
      declared.push(`$${name}: [ID!]!`);
      variables[name] = ids;
    }
  }
  return [`query ${declared.length > 0 ? `(${declared.join(', ')})` : ''} { ${selection} }`, variables];
}

function toCells(values: Readonly<Record<string, unknown>>): Cells {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toCell([value])]));
}

function toCell(values: readonly unknown[]): Cell {
  if (values.length === 0) return 'absent';
  return values.some(hasContent) ? 'shown' : 'hidden';
}

/** The values of all fields with the alias. */
function valuesIn(data: unknown, alias: string): unknown[] {
  if (Array.isArray(data)) return data.flatMap((each) => valuesIn(each, alias));
  if (typeof data !== 'object' || data === null) return [];
  return Object.entries(data).flatMap(([name, value]) => (name === alias ? [value] : valuesIn(value, alias)));
}

function hasContent(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((each) => each !== null);
  if (typeof value !== 'object' || value === null) return value !== null;
  return 'nodes' in value ? hasContent(value.nodes) : Object.keys(value).length > 0;
}
