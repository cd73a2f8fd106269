import { type ExecutionResult, graphql } from 'graphql';
import type { Viewer } from '../../../src/domain/actor.js';
import type { GraphqlContext } from '../../../src/graphql/context.js';
import { createContexts, type OperationKind } from '../../../src/graphql/operation-contexts.js';
import { buildSchema } from '../../../src/graphql/schema.js';
import type { ServiceSettings } from '../../../src/services/service-context.js';
import { createReadClient } from '../../../src/store/read-client.js';
import { createTestServices, type TestServices } from '../factories/services.js';
import { recordStatements } from '../postgres/statements.js';

export const schema = buildSchema();

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape of their query, which TypeScript doesn't know
export type Answer = any;

/** The GraphQL schema on a database of its own, executed without HTTP. */
export interface Graph {
  readonly services: TestServices;
  /** Asks as an admin unless another viewer is given. */
  ask(query: string, variables?: Record<string, unknown>, viewer?: Viewer): Promise<ExecutionResult<Answer>>;
  /** The data of an answer without errors. */
  get(query: string, variables?: Record<string, unknown>, viewer?: Viewer): Promise<Answer>;
  /** The context of resolvers for one operation. */
  contextFor(viewer: Viewer, kind?: OperationKind): GraphqlContext;
  /** The statements that the work sends to PostgreSQL. */
  recordStatements(work: () => Promise<unknown>): Promise<string[]>;
  close(): Promise<void>;
}

export async function openGraph(settings: Partial<ServiceSettings> = {}): Promise<Graph> {
  const services = await createTestServices(settings);
  const { pool, readPool } = services.database;
  const prisma = { main: createReadClient(pool), reads: createReadClient(readPool) };

  const createContext = createContexts({
    services,
    prisma,
    feed: undefined as never,
    server: {
      version: '1.2.3',
      startedAt: new Date('2026-11-22T13:05:00Z'),
      database: 'embedded PostgreSQL 18',
      signInUrl: (code) => `http://127.0.0.1:4000/#sign-in=${code}`,
      limits: { maxDepth: 15 },
    },
  });
  const contextFor = (viewer: Viewer, kind: OperationKind = 'query'): GraphqlContext =>
    createContext({ viewer, requestId: 'req_test', signal: new AbortController().signal }, kind);

  const graph: Graph = {
    services,
    contextFor,
    ask: (source, variableValues = {}, viewer = services.admin) =>
      graphql({ schema, source, variableValues, contextValue: contextFor(viewer, kindOf(source)) }),
    async get(source, variables, viewer) {
      const { data, errors } = await graph.ask(source, variables, viewer);
      if (errors !== undefined)
        throw new AggregateError(errors, errors.map((error) => error.message).join('\n'));
      return data;
    },
    recordStatements: (work) => recordStatements(services, work),
    async close() {
      await prisma.main.$disconnect();
      await prisma.reads.$disconnect();
      await services.close();
    },
  };
  return graph;
}

/** The kind of the first operation of a document. */
function kindOf(source: string): OperationKind {
  return /^\s*mutation\b/m.test(source) ? 'mutation' : 'query';
}
