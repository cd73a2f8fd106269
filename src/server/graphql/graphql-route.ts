import type { IncomingMessage } from 'node:http';
import type { AccessGate } from '../access-gate.js';
import { readBody } from '../http/body.js';
import { type HttpExchange, send } from '../http/exchange.js';
import { createGraphiql, wantsGraphiql } from '../http/graphiql.js';
import { acceptsEventStream, chooseJsonType, isJsonContent } from '../http/media-type.js';
import { corsHeaders, sendPreflight } from '../http/origins.js';
import type { Route } from '../http/router.js';
import { disconnectStuckClient } from '../http/stuck-client.js';
import type { ServerLimits } from '../limits.js';
import { protocolError } from '../protocol-error.js';
import type { RequestScope } from '../request-scope.js';
import { toResultResponse } from '../result-response.js';
import { type GraphqlParams, parseGraphqlParams } from './graphql-params.js';
import type { Prepared } from './operations.js';
import type { Yoga } from './yoga.js';

export interface GraphqlRouteOptions {
  readonly yoga: Yoga;
  readonly prepare: (scope: RequestScope, params: GraphqlParams) => Prepared;
  readonly gate: AccessGate;
  readonly corsOrigins: readonly string[];
  readonly limits: ServerLimits;
}

/**
 * Creates `/graphql` over HTTP. A POST whose answer is one JSON document, which is nearly every request, runs without yoga's
 * Request and Response: three times as fast, measured. Yoga handles GET and event streams.
 */
export function createGraphqlRoute(options: GraphqlRouteOptions): Route {
  const serveGraphiql = createGraphiql();
  return {
    path: '/graphql',
    methods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
    async handle(exchange) {
      const { request } = exchange;
      Object.assign(exchange.headers, corsHeaders(request.headers, options.corsOrigins));
      if (request.method === 'OPTIONS') return sendPreflight(exchange);
      if (wantsGraphiql(exchange)) return serveGraphiql(exchange);
      const scope = await admit(exchange, options.gate);
      if (request.method === 'POST') return answerPost(exchange, scope, options);
      await passToYoga(exchange, scope, options);
    },
  };
}

async function admit(exchange: HttpExchange, gate: AccessGate): Promise<RequestScope> {
  const { request, requestId, end } = exchange;
  const viewer = await gate.authenticate(
    request.headers.authorization,
    request.socket.remoteAddress,
    request.headers['x-api-key'],
  );
  exchange.keyId = viewer.keyId;
  gate.admit(viewer);
  return {
    viewer,
    requestId,
    get signal() {
      return end.signal;
    },
  };
}

async function answerPost(
  exchange: HttpExchange,
  scope: RequestScope,
  options: GraphqlRouteOptions,
): Promise<void> {
  const { request, response } = exchange;
  const { prepare, limits } = options;
  const { accept, 'content-type': contentType, 'content-encoding': encoding = 'identity' } = request.headers;
  if (!isJsonContent(contentType)) throw unsupportedMediaType();
  if (!/^(identity)?$/i.test(encoding)) throw unsupportedEncoding();
  const params = parseGraphqlParams(await readBody(request, response, limits.maxBodyBytes));
  const type = chooseJsonType(accept);
  if (type === undefined) return passToYoga(exchange, scope, options, params);
  const prepared = prepare(scope, params);
  const isStream = 'operation' in prepared && prepared.operation.operation === 'subscription';
  if (isStream && !acceptsEventStream(accept)) throw notAcceptable();
  if (isStream) return passToYoga(exchange, scope, options, params);
  const result = 'operation' in prepared ? await prepared.execute() : prepared.refused;
  const { status, headers, body } = toResultResponse(result, type);
  send(exchange, status, headers, body);
}

async function passToYoga(
  { request, response, headers, end }: HttpExchange,
  scope: RequestScope,
  { yoga, limits }: GraphqlRouteOptions,
  params?: GraphqlParams,
): Promise<void> {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // A waiting generator can't be told to return, but it can watch the signal.
  response.once('close', () => end.abort());
  // Yoga may write to a response whose client has just disconnected.
  response.on('error', () => end.abort());
  disconnectStuckClient(response, limits.pingIntervalMs);
  // Yoga reads a parsed body from here, as from other frameworks. The stream of the request has already been read.
  const parsed: IncomingMessage & { body?: GraphqlParams } = request;
  if (params) parsed.body = params;
  // A copy, because yoga modifies the object.
  await yoga.handle(parsed, response, { ...scope });
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
  const ways = 'Subscribe with "accept: text/event-stream", or over a WebSocket (graphql-transport-ws).';
  return protocolError('NOT_ACCEPTABLE', ways, { status: 406 });
}
