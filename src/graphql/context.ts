import type { Viewer } from '../domain/actor.js';
import type { Feed } from '../feed/hub.js';
import type { Place } from '../kernel/fair-queue.js';
import type { ServiceContext } from '../services/service-context.js';
import type { ReadClient } from '../store/read-client.js';

/** What an operation has used. */
export interface Spent {
  /** Entries of lists of objects. */
  objects: number;
  /** Length of the texts that were loaded, in UTF-16 units. */
  textLength: number;
  readonly startedAtMs: number;
}

/** The context of a resolver. Built once per operation; a subscription rechecks its key while it runs. */
export interface GraphqlContext {
  readonly viewer: Viewer;
  /** Sent in the response header and logged with every fault. */
  readonly requestId: string;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal;
  /** The place among the operations that run at once. Left while the operation waits for something to happen. */
  readonly place: Place;
  readonly services: ServiceContext;
  readonly prisma: ReadClient;
  readonly feed: Feed;
  /** What the operation has used so far, counted by `base/operation-budget.ts`. */
  spent?: Spent | undefined;
  readonly server: ServerFacts;
}

/** The answer of `Query.server`. */
export interface ServerFacts {
  readonly version: string;
  readonly startedAt: Date;
  /** `embedded` or `external`, with the version of PostgreSQL. */
  readonly database: string;
  /** The address that signs a browser on this machine in, once, with this code. */
  readonly signInUrl: (code: string) => string;
  /** The limits for a request, a socket and a key. */
  readonly limits: Readonly<Record<string, number>>;
}
