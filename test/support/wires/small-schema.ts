import { GraphQLError, GraphQLScalarType, type GraphQLSchema } from 'graphql';
import { createSchema } from 'graphql-yoga';
import { Unavailable } from '../../../src/kernel/unavailable.js';
import type { RequestScope } from '../../../src/server/request-scope.js';

/** Controls and records the subscriptions of one test server. */
export interface Ticks {
  /** Starts and ends of the stream `ticks`, in order. */
  readonly log: string[];
  /** Number of ticks of the last stream. */
  given: number;
  /** Resolves the field `waits` with this answer. */
  release: (answer: string) => void;
}

/** Whether the stream of ticks has begun, and has paused for a few turns of the event loop. */
export async function hasPaused(ticks: Ticks): Promise<boolean> {
  const before = ticks.given;
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  return ticks.given === before && before > 0;
}

const typeDefs = /* GraphQL */ `
  scalar Even
  scalar Json
  enum Colour { RED GREEN }
  type Query {
    hello(name: String): String!
    whoAmI: String!
    requestId: String!
    fault: String
    faultNonNull: String!
    refused: String
    uncoded: String
    badInt: Int
    unavailable: String
    even(value: Even!): Int
    echo(json: Json): Json
    number(value: Int!): Int
    numbers(values: [Int!]!): Int
    self: Query!
    list(size: Int!): [Item!]!
    paint(colour: Colour!): Colour
    waits: String
  }
  type Item { id: ID! name: String! item: Item! }
  type Mutation { rename(name: String!): String! fault: String }
  type Subscription { ticks(count: Int, counts: [Int!]): Int! faultyTicks: Int! refusedTicks: Int! faultAtStart: Int! silent: Int! waitingSilent: Int! }
`;

const even = new GraphQLScalarType({
  name: 'Even',
  parseValue(value) {
    if (typeof value !== 'number' || value % 2 !== 0) throw new TypeError('the number must be even');
    return value;
  },
});

/** Creates a schema whose resolvers can fail in every way. */
export function createSmallSchema(ticks: Ticks): GraphQLSchema {
  const item = { id: 'i', name: 'n', item: () => item };
  const fault = () => {
    throw new Error('secret detail of the database', { cause: new Error('deeper secret') });
  };
  return createSchema<RequestScope>({
    typeDefs,
    resolvers: {
      Even: even,
      Query: {
        hello: (_root, { name }) => `Hello ${name ?? 'world'}`,
        whoAmI: (_root, _args, { viewer }) => viewer.keyId,
        requestId: (_root, _args, { requestId }) => requestId,
        fault,
        faultNonNull: fault,
        refused: () => {
          throw new GraphQLError('Not yours', { extensions: { code: 'FORBIDDEN' } });
        },
        uncoded: () => {
          throw new GraphQLError('a secret that nobody meant to show');
        },
        badInt: () => 'secret text that is no number',
        unavailable: () => {
          throw new Unavailable('The server is stopping');
        },
        even: (_root, { value }) => value,
        echo: (_root, { json }) => json,
        number: (_root, { value }) => value,
        numbers: (_root, { values }) => values.length,
        self: () => ({}),
        list: (_root, { size }) => Array.from({ length: size }, () => item),
        paint: (_root, { colour }) => colour,
        waits: (_root, _args, { signal }) =>
          new Promise((resolve) => {
            ticks.log.push('waiting');
            ticks.release = resolve;
            signal.addEventListener('abort', () => {
              ticks.log.push('aborted');
              resolve('aborted');
            });
          }),
      },
      Mutation: { rename: (_root, { name }) => name, fault },
      Subscription: subscriptions(ticks, fault),
    },
  });
}

function subscriptions(ticks: Ticks, fault: () => never) {
  const resolve = (value: unknown) => value;
  return {
    ticks: {
      resolve,
      async *subscribe(_root: unknown, { count }: { count?: number }) {
        ticks.log.push('started');
        try {
          for (let tick = 1; tick <= (count ?? 3); tick++) {
            ticks.given = tick;
            yield tick;
          }
        } finally {
          ticks.log.push('ended');
        }
      },
    },
    faultyTicks: {
      resolve,
      async *subscribe() {
        yield 1;
        fault();
      },
    },
    refusedTicks: {
      resolve,
      async *subscribe() {
        yield 1;
        throw new GraphQLError('The key was revoked', { extensions: { code: 'UNAUTHENTICATED' } });
      },
    },
    faultAtStart: { resolve, subscribe: () => fault() },
    silent: { resolve, subscribe: () => silence(ticks) },
    waitingSilent: {
      resolve,
      async *subscribe(_root: unknown, _args: unknown, { signal }: RequestScope) {
        yield 0;
        const source = silence(ticks);
        signal.addEventListener('abort', () => void source.return?.());
        yield* source;
      },
    },
  };
}

/** A stream without items. It records when it is closed. */
function silence({ log }: Ticks): AsyncIterableIterator<number> {
  log.push('started');
  let settle: (result: IteratorResult<number>) => void = () => undefined;
  return {
    next: () =>
      new Promise((resolve) => {
        settle = resolve;
      }),
    async return() {
      log.push('ended');
      settle({ done: true, value: undefined });
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
