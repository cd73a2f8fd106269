/** Limits for one request, one socket or one key. The API shows them in `Query.server.limits`. */
export interface ServerLimits {
  readonly maxBodyBytes: number;
  /** Length of a GraphQL document in UTF-16 units. */
  readonly maxDocumentLength: number;
  readonly maxDocumentTokens: number;
  /** Depth of the syntax tree, counting every kind of node: selections, lists, input objects, types. */
  readonly maxSyntaxDepth: number;
  /** Depth of nested fields. A root field is at depth 1. */
  readonly maxDepth: number;
  /** Depth of nested fields below `__schema` and `__type`. The standard introspection query needs 15. */
  readonly maxIntrospectionDepth: number;
  /** How often a document may select `__schema`, which takes up to 50 ms each time. */
  readonly maxSchemaFields: number;
  /** For this limit and the next three, each use of a fragment counts as if its fields were written out. */
  readonly maxRootFields: number;
  readonly maxFields: number;
  readonly maxAliases: number;
  readonly maxDirectives: number;
  /** Depth of nested lists and objects in the variables. */
  readonly maxVariableDepth: number;
  /** Length of the variables that a document uses more than once, counted for each use, in UTF-16 units. */
  readonly maxRepeatedVariableLength: number;
  /** Sustained rate per API key. Opening a subscription counts as one request. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /**
   * Queries of one key that run at once. What they take of the database is limited by the read pool, where a key never has
   * all connections. With 4 in place of 32, lists took a twentieth more of the processor: each had to wait for its turn.
   */
  readonly maxRunningQueriesPerKey: number;
  /** Queries of all keys that run at once. Above it keys take turns. */
  readonly maxRunningQueries: number;
  /** Mutations of one key that run at once, without claims of tasks. Fewer than the connections of the main pool. */
  readonly maxRunningMutationsPerKey: number;
  /** Queries, and mutations, of one key that wait for others of it to end. */
  readonly maxWaitingOperationsPerKey: number;
  /** The longest wait for others to end. */
  readonly operationWaitMs: number;
  /** Sustained rate per remote address (per /64 of IPv6). */
  readonly failedAuthenticationsPerSecond: number;
  readonly failedAuthenticationBurst: number;
  readonly maxSocketsPerKey: number;
  /** Subscriptions and plain event streams together. */
  readonly maxStreamsPerKey: number;
  /**
   * Length of the distinct documents of a key's subscriptions, in UTF-16 units. A parsed document of short names takes 200
   * bytes for each.
   */
  readonly maxStreamDocumentLengthPerKey: number;
  /** Length of the documents, variables and extensions of all subscriptions of a key, as they were sent, in UTF-16 units. */
  readonly maxStreamTextLengthPerKey: number;
  /** Events of one key that are resolved at once for its subscriptions. The others wait. */
  readonly maxRunningEventsPerKey: number;
  /** Events of all keys that are resolved at once. Above it keys take turns. */
  readonly maxRunningEvents: number;
  readonly maxSubscriptionsPerSocket: number;
  /** Bytes of the requests of one key that arrive or are under way, without those of less than 4 KB. */
  readonly maxArrivingBytesPerKey: number;
  /** Bytes that a WebSocket may send before its key is known. */
  readonly maxBytesBeforeKey: number;
  /** Size of one WebSocket message. */
  readonly maxMessageBytes: number;
  /** How long a new WebSocket may take to send `connection_init` with its key. */
  readonly connectionInitTimeoutMs: number;
  /**
   * A socket that has not answered a ping by the next one is closed. Plain event streams get a comment at this interval. A
   * client that reads nothing of its answer between two checks at this interval is disconnected.
   */
  readonly pingIntervalMs: number;
  /** Requests that wait on one connection for the answer to an earlier one. */
  readonly maxPipelinedRequests: number;
  /** Length of the texts of one answer, with the names of its fields, in UTF-16 units. */
  readonly maxAnswerLength: number;
  /** Bytes of answers in this process that clients have not read yet. */
  readonly maxUnreadBytes: number;
  /** Bytes that wait on one WebSocket. */
  readonly maxUnreadBytesPerSocket: number;
  readonly maxHeaderBytes: number;
  /** Time for all headers of a request to arrive; `requestTimeoutMs` is for the whole request. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How long a stop waits for requests in flight. */
  readonly drainTimeoutMs: number;
}

/** The limits of every server. Tests may set others. */
export const serverLimits: ServerLimits = Object.freeze({
  maxBodyBytes: 1_048_576,
  maxDocumentLength: 262_144,
  maxDocumentTokens: 4_000,
  maxSyntaxDepth: 200,
  maxDepth: 15,
  maxIntrospectionDepth: 20,
  maxSchemaFields: 2,
  maxRootFields: 50,
  // Validation compares fields with each other: 200 ms for 1,000, 50 ms for 500.
  maxFields: 500,
  maxAliases: 50,
  maxDirectives: 50,
  maxVariableDepth: 64,
  maxRepeatedVariableLength: 4_194_304,
  requestsPerSecond: 5_000,
  requestBurst: 10_000,
  maxRunningQueriesPerKey: 32,
  maxRunningQueries: 128,
  maxRunningMutationsPerKey: 8,
  maxWaitingOperationsPerKey: 1_000,
  operationWaitMs: 10_000,
  failedAuthenticationsPerSecond: 20,
  failedAuthenticationBurst: 100,
  // Enough for a dashboard that a whole company uses with one key.
  maxSocketsPerKey: 2_000,
  maxStreamsPerKey: 10_000,
  maxStreamDocumentLengthPerKey: 262_144,
  maxStreamTextLengthPerKey: 16_777_216,
  maxRunningEventsPerKey: 8,
  maxRunningEvents: 32,
  maxSubscriptionsPerSocket: 100,
  maxArrivingBytesPerKey: 67_108_864,
  maxBytesBeforeKey: 65_536,
  maxMessageBytes: 1_048_576,
  connectionInitTimeoutMs: 5_000,
  pingIntervalMs: 15_000,
  maxPipelinedRequests: 100,
  maxAnswerLength: 8_388_608,
  maxUnreadBytes: 134_217_728,
  maxUnreadBytesPerSocket: 16_777_216,
  maxHeaderBytes: 16_384,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  // Longer than the idle timeout of common load balancers (60 s), so that the load balancer closes idle connections first.
  keepAliveTimeoutMs: 65_000,
  drainTimeoutMs: 10_000,
});
