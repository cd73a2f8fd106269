/** How much one request, one socket or one key may ask for. All of it can be read in `Query.server.limits`. */
export interface ServerLimits {
  readonly maxBodyBytes: number;
  /** Of a GraphQL document, in UTF-16 units. */
  readonly maxDocumentLength: number;
  readonly maxDocumentTokens: number;
  /** Nodes of the syntax tree beneath each other, whatever they are: selections, lists, input objects, types. */
  readonly maxSyntaxDepth: number;
  /** Fields beneath each other; a root field is at depth 1. */
  readonly maxDepth: number;
  /** The same beneath `__schema` and `__type`: the standard introspection query needs 15. */
  readonly maxIntrospectionDepth: number;
  /** These four count with every fragment written out. */
  readonly maxRootFields: number;
  readonly maxFields: number;
  readonly maxAliases: number;
  readonly maxDirectives: number;
  /** Lists and objects within each other in the variables. */
  readonly maxVariableDepth: number;
  /** Sustained, per API key; a subscription that is opened counts as one request. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Sustained, per remote address (per /64 of IPv6). */
  readonly failedAuthenticationsPerSecond: number;
  readonly failedAuthenticationBurst: number;
  readonly maxSocketsPerKey: number;
  /** Subscriptions and plain event streams together. */
  readonly maxStreamsPerKey: number;
  readonly maxSubscriptionsPerSocket: number;
  /** Of one WebSocket message. */
  readonly maxMessageBytes: number;
  /** How long a new WebSocket may take to say who it is. */
  readonly connectionInitTimeoutMs: number;
  /** A peer that leaves one ping unanswered until the next is gone. Plain event streams get a comment as often. */
  readonly pingIntervalMs: number;
  readonly maxHeaderBytes: number;
  /** For all headers of a request, and for the whole request, to arrive. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long a stop waits for requests in flight. */
  readonly drainTimeoutMs: number;
}

/** What holds unless a test says otherwise. */
export const serverLimits: ServerLimits = Object.freeze({
  maxBodyBytes: 1_048_576,
  maxDocumentLength: 262_144,
  maxDocumentTokens: 4_000,
  maxSyntaxDepth: 200,
  maxDepth: 15,
  maxIntrospectionDepth: 20,
  maxRootFields: 50,
  // Validation compares fields with each other: 200 ms for 1,000, 50 ms for 500.
  maxFields: 500,
  maxAliases: 50,
  maxDirectives: 50,
  maxVariableDepth: 64,
  requestsPerSecond: 5_000,
  requestBurst: 10_000,
  failedAuthenticationsPerSecond: 20,
  failedAuthenticationBurst: 100,
  // Enough for a dashboard that a whole company watches with one key.
  maxSocketsPerKey: 2_000,
  maxStreamsPerKey: 10_000,
  maxSubscriptionsPerSocket: 100,
  maxMessageBytes: 1_048_576,
  connectionInitTimeoutMs: 5_000,
  pingIntervalMs: 15_000,
  maxHeaderBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  // Longer than the idle timeout of common load balancers (60 s), so that they are the ones to close.
  keepAliveTimeoutMs: 65_000,
  drainTimeoutMs: 10_000,
});
