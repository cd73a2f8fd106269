import type { ServiceContext } from '../services/service-context.js';
import type { ReadClient } from '../store/read-client.js';
import type { GraphqlContext, OperationPlace } from './context.js';

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
  place?: OperationPlace,
) => GraphqlContext;

/** Subscriptions are not among the operations that are limited to so many at once. */
const NO_PLACE: OperationPlace = { leave: () => undefined, retake: () => undefined };

/**
 * Creates the function that creates contexts. Queries and subscriptions use the pool for reads. A mutation also reads its
 * payload with the main pool: an agent that has claimed a task must not wait behind the lists of others to learn of it. The
 * lists with a filter within a payload use the pool for reads all the same (services/tasks/read-tasks.ts).
 */
export function createContexts({ services, prisma, feed, server }: ContextParts): CreateContext {
  const { database } = services;
  const reading = { ...services, database: { ...database, pool: database.readPool } };
  return (scope, kind, place = NO_PLACE) => {
    const isMutation = kind === 'mutation';
    return {
      viewer: scope.viewer,
      requestId: scope.requestId,
      // A getter, because the signal is created on its first use and hardly any operation uses it.
      get signal() {
        return scope.signal;
      },
      place,
      services: isMutation ? services : reading,
      prisma: isMutation ? prisma.main : prisma.reads,
      feed,
      server,
    };
  };
}
