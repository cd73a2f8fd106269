import { LRUCache } from 'lru-cache';
import type { Place } from '../kernel/fair-queue.js';
import type { ServiceContext } from '../services/service-context.js';
import type { ReadClient } from '../store/read-client.js';
import type { GraphqlContext } from './context.js';

/** The kind of an operation, as documents write it. */
export type OperationKind = 'query' | 'mutation' | 'subscription';

/** What the contexts of all operations share. */
export interface ContextParts extends Pick<GraphqlContext, 'feed' | 'server'> {
  readonly services: ServiceContext;
  /** One client for each pool of the database. */
  readonly prisma: { readonly main: ReadClient; readonly reads: ReadClient };
}

/** Creates the context of an operation. */
export type CreateContext = (
  scope: Pick<GraphqlContext, 'viewer' | 'requestId' | 'signal'>,
  kind: OperationKind,
  place?: Place,
) => GraphqlContext;

/** Subscriptions are not among the operations that are limited to so many at once. */
const NO_PLACE: Place = {
  leave: () => undefined,
  retake: () => undefined,
  rejoin: async () => undefined,
};

/** The maximum number of keys whose services are kept. */
const MAX_KEYS = 1_000;

/**
 * Creates the function that creates contexts. Queries and subscriptions use the pool for reads; the queries of one key can't
 * have all its connections. A mutation also reads its payload with the main pool: an agent that has claimed a task must not
 * wait behind the lists of others to learn of it. The lists with a filter within a payload use the pool for reads all the same
 * (services/tasks/read-tasks.ts).
 */
export function createContexts({ services, prisma, feed, server }: ContextParts): CreateContext {
  const reading = withReads(services, services.database.readPool);
  const byKey = new LRUCache<string, ServiceContext>({ max: MAX_KEYS });

  function servicesOf(kind: OperationKind, { viewer }: Parameters<CreateContext>[0]): ServiceContext {
    if (kind === 'mutation') return services;
    // The key of a subscription is not read here: subscribers with the same rights share a context.
    if (kind === 'subscription') return reading;
    let own = byKey.get(viewer.keyId);
    if (own === undefined) {
      own = withReads(services, services.database.readPoolOf(viewer.keyId));
      byKey.set(viewer.keyId, own);
    }
    return own;
  }

  return (scope, kind, place = NO_PLACE) => ({
    viewer: scope.viewer,
    requestId: scope.requestId,
    // A getter, because the signal is created on its first use and hardly any operation uses it.
    get signal() {
      return scope.signal;
    },
    place,
    services: servicesOf(kind, scope),
    prisma: kind === 'mutation' ? prisma.main : prisma.reads,
    feed,
    server,
    // Set here, so that all contexts have one shape.
    spent: undefined,
  });
}

function withReads(services: ServiceContext, pool: ServiceContext['database']['pool']): ServiceContext {
  return { ...services, database: { ...services.database, pool, readPool: pool } };
}
