import type { Viewer } from '../domain/actor.js';
import type { Feed } from '../feed/hub.js';
import type { ServiceContext } from '../services/service-context.js';
import type { ReadClient } from '../store/read-client.js';

/** The place of an operation among those that run at once. */
export interface OperationPlace {
  /** Gives the place to another operation. */
  leave(): void;
  /** Counts the operation again, even if no place is free: it has begun and must end. */
  retake(): void;
}

/** The context of a resolver. Built once per operation; a subscription rechecks its key while it runs. */
export interface GraphqlContext {
  readonly viewer: Viewer;
  /** Sent in the response header and logged with every fault. */
  readonly requestId: string;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal;
  /** Left while the operation waits for something to happen. */
  readonly place: OperationPlace;
  readonly services: ServiceContext;
  readonly prisma: ReadClient;
  readonly feed: Feed;
  readonly server: ServerFacts;
}

/** The answer of `Query.server`. */
export interface ServerFacts {
  readonly version: string;
  readonly startedAt: Date;
  /** `embedded` or `external`, with the version of PostgreSQL. */
  readonly database: string;
  /** The limits for a request, a socket and a key. */
  readonly limits: Readonly<Record<string, number>>;
}
