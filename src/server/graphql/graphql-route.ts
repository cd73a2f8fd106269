import { isAsyncIterable } from 'graphql-yoga';
import type { Turns } from '../../kernel/turns.js';
import type { AccessGate } from '../access-gate.js';
import type { ArrivingBytes } from '../arriving-bytes.js';
import { admit } from '../http/admit.js';
import { readBody } from '../http/body.js';
import { type HttpExchange, send } from '../http/exchange.js';
import { createGraphiql, wantsGraphiql } from '../http/graphiql.js';
import { acceptsEventStream, chooseJsonType, isJsonContent } from '../http/media-type.js';
import { corsHeaders, sendPreflight } from '../http/origins.js';
import type { Route } from '../http/router.js';
import type { ServerLimits } from '../limits.js';
import { protocolError } from '../protocol-error.js';
import type { RequestScope, Viewer } from '../request-scope.js';
import { toResultResponse } from '../result-response.js';
import type { EventStreamOptions } from '../sse/event-stream.js';
import { sendResultStream } from '../sse/result-stream.js';
import { type GraphqlParams, LARGE_TEXT, parseGraphqlAddress, parseGraphqlParams } from './graphql-params.js';
import type { Operations, PreparedOperation } from './operations.js';

/** How many tasks a key may create in a minute, how many are left, and when all are. */
export interface TaskQuota {
  readonly limit: number;
  readonly left: number;
  readonly fullInSeconds: number;
}

export interface GraphqlRouteOptions extends EventStreamOptions {
  readonly operations: Operations;
  readonly arriving: ArrivingBytes;
  /** The turns of the keys to parse long bodies. */
  readonly turns: Turns;
  readonly gate: AccessGate;
  readonly basePath: string;
  readonly corsOrigins: readonly string[];
  readonly limits: ServerLimits;
  readonly taskQuota?: ((viewer: Viewer) => TaskQuota) | undefined;
}

/** A request with this header gets the cost of its operation in `extensions.cost`. */
const costHeader = 'x-query-cost';

/**
 * Creates `/graphql` over HTTP. Requests run without yoga's Request and Response, which take two thirds of the time of a
 * small one.
 */
export function createGraphqlRoute(options: GraphqlRouteOptions): Route {
  const serveGraphiql = createGraphiql(options.basePath);
  return {
    path: '/graphql',
    methods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
    async handle(exchange) {
      const { request } = exchange;
      Object.assign(exchange.headers, corsHeaders(request.headers, options.corsOrigins));
      if (request.method === 'OPTIONS') return sendPreflight(exchange);
      if (wantsGraphiql(exchange)) return serveGraphiql(exchange);
      const scope = await admit(exchange, options.gate);
      await answer(exchange, scope, options);
    },
  };
}

async function answer(
  exchange: HttpExchange,
  scope: RequestScope,
  options: GraphqlRouteOptions,
): Promise<void> {
  const { accept, [costHeader]: asksForCost } = exchange.request.headers;
  const type = chooseJsonType(accept);
  if (type === undefined && !acceptsEventStream(accept)) throw notAcceptable();
  const { keyId } = scope.viewer;
  const params = await readParams(exchange, keyId, options);
  const turn = options.operations.turnFor(keyId, params);
  if (turn !== undefined) await turn;
  const prepared = options.operations.prepare(scope, params);
  if ('operation' in prepared) checkOperation(exchange, prepared);
  const result = 'operation' in prepared ? await run(prepared) : prepared.refused;
  if ('operation' in prepared && prepared.operation.operation === 'mutation')
    Object.assign(exchange.headers, taskHeaders(options.taskQuota?.(scope.viewer)));
  if (isAsyncIterable(result)) return sendResultStream(exchange, result, options);
  const cost = asksForCost !== undefined && 'operation' in prepared ? prepared.cost() : undefined;
  const told = cost ? { ...result, extensions: { ...result.extensions, cost } } : result;
  if (type === undefined) return sendResultStream(exchange, told, options);
  const { status, headers, body } = toResultResponse(told, type);
  send(exchange, status, headers, body);
}

/** Only for a key that creates tasks: an answer to a claim needs no further headers. */
function taskHeaders(quota: TaskQuota | undefined): Record<string, string> {
  if (quota === undefined || quota.left === quota.limit) return {};
  return {
    'ratelimit-tasks-limit': String(quota.limit),
    'ratelimit-tasks-remaining': String(quota.left),
    'ratelimit-tasks-reset': String(quota.fullInSeconds),
  };
}

async function readParams(
  { request, response }: HttpExchange,
  keyId: string,
  { limits: { maxBodyBytes: maxBytes }, arriving, turns }: GraphqlRouteOptions,
): Promise<GraphqlParams> {
  if (request.method !== 'POST') return parseGraphqlAddress(request.url);
  const { 'content-type': contentType, 'content-encoding': encoding = 'identity' } = request.headers;
  if (!isJsonContent(contentType)) throw unsupportedMediaType();
  if (!/^(identity)?$/i.test(encoding)) throw unsupportedEncoding();
  const body = await readBody(request, response, { maxBytes, count: arriving.begin(keyId) });
  if (body.length > LARGE_TEXT) await turns.next(keyId);
  return parseGraphqlParams(body);
}

/** @throws GraphQLError for a mutation by GET, and for a subscription that can't be answered with a stream. */
function checkOperation({ request }: HttpExchange, { operation: { operation } }: PreparedOperation): void {
  if (operation === 'mutation' && request.method !== 'POST') throw notByGet();
  if (operation === 'subscription' && !acceptsEventStream(request.headers.accept)) throw notAcceptable();
}

function run(prepared: PreparedOperation) {
  return prepared.operation.operation === 'subscription' ? prepared.subscribe() : prepared.execute();
}

function notByGet() {
  const headers = { allow: 'POST' };
  return protocolError('METHOD_NOT_ALLOWED', 'Mutations are sent with POST only.', { status: 405, headers });
}

function unsupportedMediaType() {
  return protocolError(
    'UNSUPPORTED_MEDIA_TYPE',
    'Send a JSON object with "content-type: application/json".',
    {
      status: 415,
    },
  );
}

/** Compressed bodies are refused, because a few bytes may expand to gigabytes. */
function unsupportedEncoding() {
  return protocolError('UNSUPPORTED_MEDIA_TYPE', 'Send the body uncompressed, without "content-encoding".', {
    status: 415,
    headers: { 'accept-encoding': 'identity' },
  });
}

function notAcceptable() {
  const ways =
    'Queries and mutations are answered as application/graphql-response+json, application/json or text/event-stream. Subscribe with "accept: text/event-stream", or over a WebSocket (graphql-transport-ws).';
  return protocolError('NOT_ACCEPTABLE', ways, { status: 406 });
}
