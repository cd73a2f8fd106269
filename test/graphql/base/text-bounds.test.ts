import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Graph, openGraph, schema } from '../../support/graphql/graph.js';

let graph: Graph;

beforeAll(async () => {
  graph = await openGraph();
});

afterAll(() => graph.close());

const LOOKED_UP = 'It is looked up, and a text that is longer than any id, name or ref finds nothing.';
const KNOWN_KEYS = 'Only keys of the same call are accepted, and those have a bound.';
const KNOWN_WORDS = 'Only words that the server knows are accepted.';

/** The places that accept a text of any length, with the reason why that costs nothing. */
const UNBOUNDED: Readonly<Record<string, string>> = {
  'AgentRef.name': LOOKED_UP,
  'TaskRef.ref': LOOKED_UP,
  'StartPipelineInput.name': LOOKED_UP,
  'UpdatePipelineInput.name': LOOKED_UP,
  'Mutation.removePipeline(name)': LOOKED_UP,
  'Query.pipeline(name)': LOOKED_UP,
  'Mutation.pauseSchedulerJob(name)': KNOWN_WORDS,
  'Mutation.resumeSchedulerJob(name)': KNOWN_WORDS,
  'Mutation.runSchedulerJob(name)': KNOWN_WORDS,
  'CreateTaskInput.dependsOnKeys': KNOWN_KEYS,
  'PipelineStepInput.dependsOn': KNOWN_KEYS,
  'EventFilter.types': KNOWN_WORDS,
  'RegisterAgentInput.soulTemplate': KNOWN_WORDS,
  'UpdateAgentInput.soulTemplate': KNOWN_WORDS,
};

type Position = GraphQLArgument | GraphQLInputField;

/** A place of the schema that takes a text, and how a document with a text at this place is written. */
interface TextPlace {
  readonly name: string;
  /** The reason why the place accepts a text of any length, if it does. */
  readonly unbounded: string | undefined;
  readonly write: (text: string) => string;
}

/** Every argument and every input field with texts, each at the first place where a root field reaches it. */
function listTextPlaces(): TextPlace[] {
  const places = new Map<string, TextPlace>();
  for (const [operation, root] of [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
  ] as const) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      for (const arg of field.args) {
        const others = field.args.filter((other) => other !== arg && isRequiredArgument(other));
        const given = others.map((other) => `${other.name}: ${sampleOf(other.type)}`);
        const write = (value: string) =>
          `${operation} { ${field.name}(${[`${arg.name}: ${value}`, ...given].join(', ')}) ${selectionOf(field)} }`;
        collect(places, arg, `${root?.name}.${field.name}(${arg.name})`, write);
      }
    }
  }
  return [...places.values()];
}

function collect(
  places: Map<string, TextPlace>,
  position: Position,
  name: string,
  write: (value: string) => string,
): void {
  const type = getNamedType(position.type);
  const writeOne = (value: string) => write(inList(position.type) ? `[${value}]` : value);
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    for (const field of fields) {
      const inner = `${type.name}.${field.name}`;
      if (places.has(inner) || getNamedType(field.type) === type) continue;
      const others = type.isOneOf
        ? []
        : fields.filter((other) => other !== field && isRequiredInputField(other));
      const given = others.map((other) => `${other.name}: ${sampleOf(other.type)}`);
      collect(places, field, inner, (value) =>
        writeOne(`{ ${[`${field.name}: ${value}`, ...given].join(', ')} }`),
      );
    }
  } else if (type.name === 'String' || type.name === 'ID') {
    const unbounded = type.name === 'ID' ? LOOKED_UP : UNBOUNDED[name];
    places.set(name, { name, unbounded, write: (text) => writeOne(JSON.stringify(text)) });
  }
}

function inList(type: GraphQLInputType): boolean {
  return isNonNullType(type) ? inList(type.ofType) : isListType(type);
}

function sampleOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return sampleOf(type.ofType);
  if (isListType(type)) return `[${sampleOf(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (!isInputObjectType(type)) return SAMPLES[type.name] ?? '"x"';
  const fields = Object.values(type.getFields());
  const wanted = type.isOneOf ? fields.slice(0, 1) : fields.filter(isRequiredInputField);
  return `{ ${wanted.map((field) => `${field.name}: ${sampleOf(field.type)}`).join(', ')} }`;
}

const SAMPLES: Readonly<Record<string, string>> = {
  ...{ Int: '1', Float: '1', Boolean: 'true', JSONObject: '{}', Duration: '"PT10M"' },
  DateTime: '"2099-01-01T00:00:00Z"',
};

function selectionOf({ type: output }: { readonly type: Parameters<typeof getNamedType>[0] }): string {
  const type = getNamedType(output);
  if (isLeafType(type)) return '';
  const fields = isObjectType(type) ? type.getFields() : {};
  if ('errors' in fields) return '{ __typename errors { code message path } }';
  return 'message' in fields ? '{ __typename message }' : '{ __typename }';
}

interface Payload {
  readonly message?: string;
  readonly errors?: readonly { readonly message: string }[];
}

/** The messages of all refusals; fails for a fault of the server. */
async function refusalsOf(document: string): Promise<string[]> {
  const { data, errors = [] } = await graph.ask(document);
  for (const { originalError, message } of errors) {
    const isFault = originalError && !('extensions' in originalError) && !/^A /.test(message);
    if (isFault) throw originalError;
  }
  const payloads = Object.values((data ?? {}) as Record<string, Payload | null>);
  const refusals = payloads.flatMap((payload) => [
    ...(payload?.errors ?? []),
    ...(payload?.message ? [payload] : []),
  ]);
  return [...errors, ...refusals].map(({ message = '' }) => message);
}

/** The bound that the messages state; undefined if they state none. */
function boundIn(messages: readonly string[]): number | undefined {
  for (const message of messages) {
    if (message.includes('up to 62 letters')) return 63;
    const stated = /(?:may have|has|have) (?:at most |more than )?(\d+) characters/.exec(message)?.[1];
    if (stated !== undefined) return Number(stated);
  }
  return undefined;
}

async function countRows(): Promise<unknown> {
  const tables = await graph.services.sql<{ name: string }>(
    // The numbering moves the entries of earlier changes from the outbox to the log meanwhile.
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'
       AND tablename NOT IN ('event_outbox', 'events') ORDER BY 1`,
  );
  const counts = tables.map(async ({ name }) => [
    name,
    (await graph.services.sql(`SELECT count(*)::int AS count FROM ${name}`))[0]?.count,
  ]);
  return Promise.all(counts);
}

const places = listTextPlaces();
const isBounded = ({ name, unbounded }: TextPlace) => unbounded === undefined || FILTER_IDS.has(name);
/** Ids that are compared with a column instead of looked up. */
const FILTER_IDS = new Set(['TaskFilter.pipelineRunId', 'TaskFilter.recurringTaskId']);

/** The longest text that the work sends to PostgreSQL as a value. */
async function longestSent(work: () => Promise<void>): Promise<number> {
  const spy = vi.spyOn(pg.Client.prototype, 'query');
  try {
    await work();
    const values = spy.mock.calls.flatMap(
      ([statement]) => (statement as { values?: unknown[] }).values ?? [],
    );
    return Math.max(0, ...values.map((value) => JSON.stringify(value)?.length ?? 0));
  } finally {
    spy.mockRestore();
  }
}

describe('every text that a caller sends', () => {
  it('is found in the schema', () => {
    expect(places.length).toBeGreaterThan(70);
    expect(Object.keys(UNBOUNDED).filter((name) => !places.some((place) => place.name === name))).toEqual([]);
  });

  it.each(places.filter(isBounded).map((place) => [place.name, place] as const))(
    'has a bound: %s',
    async (_name, { write }) => {
      const before = await countRows();
      const bound = boundIn(await refusalsOf(write('x'.repeat(200_001))));
      expect(bound, 'no refusal states a bound').toBeDefined();
      expect(boundIn(await refusalsOf(write('x'.repeat(bound! + 1))))).toBe(bound);
      expect(await countRows()).toEqual(before);
      expect(boundIn(await refusalsOf(write('x'.repeat(bound!))))).not.toBe(bound);
    },
  );

  it.each(places.filter((place) => !isBounded(place)).map((place) => [place.name, place] as const))(
    'has no effect in any length: %s',
    async (_name, { write }) => {
      const before = await countRows();
      const longest = await longestSent(async () => {
        for (const message of await refusalsOf(write('x'.repeat(200_001))))
          expect(message.length).toBeLessThan(3_000);
      });
      expect(longest).toBeLessThan(1_000);
      expect(await countRows()).toEqual(before);
    },
  );
});
