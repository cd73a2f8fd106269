import type { Viewer } from '../domain/actor.js';
import type { Feed } from '../feed/hub.js';
import type { ServiceContext } from '../services/service-context.js';
import type { ReadClient } from '../store/read-client.js';

/** What a resolver gets. Built once for an operation; a subscription checks its key again while it runs. */
export interface GraphqlContext {
  readonly viewer: Viewer;
  /** Stands in the response header and beside every logged fault. */
  readonly requestId: string;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  readonly services: ServiceContext;
  readonly prisma: ReadClient;
  readonly feed: Feed;
  readonly server: ServerFacts;
}

/** What `Query.server` tells. */
export interface ServerFacts {
  readonly version: string;
  readonly startedAt: Date;
  /** `embedded` or `external`, with the version of PostgreSQL. */
  readonly database: string;
  /** What the server allows a request, a socket or a key. */
  readonly limits: Readonly<Record<string, number>>;
}
