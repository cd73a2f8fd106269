import { type ExecutionResult, graphql, parse, subscribe } from 'graphql';
import { expect, vi } from 'vitest';
import type { Viewer } from '../../../src/domain/actor.js';
import { createFeed } from '../../../src/feed/feed.js';
import type { Feed } from '../../../src/feed/hub.js';
import {
  type CreateContext,
  createContexts,
  type OperationKind,
} from '../../../src/graphql/operation-contexts.js';
import { buildSchema } from '../../../src/graphql/schema.js';
import { type Clock, systemClock } from '../../../src/kernel/clock.js';
import { createReadClient } from '../../../src/store/read-client.js';
import { openTestServices, type TestServices } from '../factories/services.js';
import { untilLogIsReadable } from '../postgres/readable-log.js';

export const schema = buildSchema();

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape of their query, which TypeScript doesn't know
type Answer = any;

/** The results of a subscription so far. */
export interface Watch {
  readonly results: ExecutionResult<Answer>[];
  /** The one field of each result that has data. */
  readonly items: Answer[];
  readonly ended: Promise<void>;
  has(count: number): Promise<void>;
  /** Ends the subscription as a client does that sends `complete`. */
  close(): Promise<void>;
  /** Ends the subscription as a client does that disconnects. */
  hangUp(): void;
}

/** The GraphQL schema of one process with its feed, executed without HTTP. */
export interface LiveGraph {
  readonly services: TestServices;
  readonly feed: Feed;
  /** The context for a server with this schema. */
  readonly createContext: CreateContext;
  ask(query: string, variables?: Record<string, unknown>, viewer?: Viewer): Promise<ExecutionResult<Answer>>;
  get(query: string, variables?: Record<string, unknown>, viewer?: Viewer): Promise<Answer>;
  /** Resolves when the stream has begun, and rejects with the errors if it is refused. */
  watch(query: string, variables?: Record<string, unknown>, viewer?: Viewer): Promise<Watch>;
  /** Waits until all events written so far can be read. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** @param clock measures how long the feed keeps a reader that reads nothing. */
export async function openLiveGraph(url: string, clock: Clock = systemClock): Promise<LiveGraph> {
  const services = await openTestServices(url);
  const { pool, readPool } = services.database;
  const prisma = { main: createReadClient(pool), reads: createReadClient(readPool) };
  const { database, instrument } = services;
  const feed = createFeed({ database, instrument, clock });
  await feed.start();

  const server = {
    version: '1.2.3',
    startedAt: new Date('2026-11-22T13:05:00Z'),
    database: 'embedded',
    signInUrl: (code: string) => `http://127.0.0.1:4000/#sign-in=${code}`,
    limits: {},
  };
  const contextFor = (viewer: Viewer, kind: OperationKind, signal = new AbortController().signal) =>
    graph.createContext({ viewer, requestId: 'req_test', signal }, kind);

  const graph: LiveGraph = {
    services,
    feed,
    createContext: createContexts({ services, prisma, feed, server }),
    ask: (source, variableValues = {}, viewer = services.admin) =>
      graphql({
        schema,
        source,
        variableValues,
        contextValue: contextFor(viewer, 'mutation'),
      }),
    async get(source, variables, viewer) {
      const { data, errors } = await graph.ask(source, variables, viewer);
      if (errors !== undefined)
        throw new AggregateError(errors, errors.map(({ message }) => message).join('\n'));
      return data;
    },
    async watch(source, variableValues = {}, viewer = services.admin) {
      const client = new AbortController();
      const contextValue = contextFor(viewer, 'subscription', client.signal);
      const stream = await subscribe({ schema, document: parse(source), variableValues, contextValue });
      if (!(Symbol.asyncIterator in stream)) throw stream.errors?.[0];
      return collect(stream, client);
    },
    settled: () => untilLogIsReadable(services.database.pool),
    async close() {
      await feed.stop();
      await prisma.main.$disconnect();
      await prisma.reads.$disconnect();
      await services.close();
    },
  };
  return graph;
}

function collect(stream: AsyncGenerator<ExecutionResult>, client: AbortController): Watch {
  const results: ExecutionResult<Answer>[] = [];
  const items: Answer[] = [];
  const read = async () => {
    for await (const result of stream) {
      results.push(result);
      if (result.data) items.push(Object.values(result.data)[0]);
    }
  };
  return {
    results,
    items,
    ended: read(),
    has: (count) =>
      vi.waitFor(() => expect(results.length).toBeGreaterThanOrEqual(count), {
        timeout: 60_000,
        interval: 5,
      }),
    close: async () => {
      await stream.return(undefined);
    },
    hangUp: () => client.abort(),
  };
}
