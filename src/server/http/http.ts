import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../kernel/clock.js';
import { newRequestId } from '../../kernel/ids.js';
import type { Activity, Instrument } from '../../kernel/instrument.js';
import type { ServerLimits } from '../limits.js';
import { pathWithin } from './base-path.js';
import { commonHeaders } from './common-headers.js';
import type { Delivery } from './delivery.js';
import type { HttpExchange } from './exchange.js';
import { createLazyAbort } from './lazy-abort.js';
import { createPipelines } from './pipelines.js';

/** The handlers and limits of the listener. */
export interface HttpOptions {
  readonly basePath: string;
  readonly route: (exchange: HttpExchange) => Promise<void>;
  readonly upgrade: (request: IncomingMessage, connection: Duplex, head: Buffer) => void;
  readonly isStopping: () => boolean;
  readonly delivery: Delivery;
  readonly limits: ServerLimits;
  readonly instrument: Instrument;
  readonly clock: Clock;
}

/** Creates the listener, which gives every request an id, common headers, time limits and a log line. */
export function createHttpServer(options: HttpOptions): Server {
  const { limits, upgrade, instrument, clock } = options;
  const enterPipeline = createPipelines(limits.maxPipelinedRequests);
  const answer = (request: IncomingMessage, response: ServerResponse, leave: () => void) => {
    const startedAtMs = clock.now();
    const exchange = createExchange(request, response, options);
    // Emitted once, so `once` would only add a wrapper. The only listener, because a second one makes a list of them.
    response.on('close', () => {
      leave();
      if (!response.writableFinished) exchange.end.abort();
      logRequest(exchange, clock.now() - startedAtMs, instrument);
    });
    // The router answers errors. An error that arrives here was thrown after the answer had begun.
    const work = () => options.route(exchange);
    instrument
      .within(activityOf(exchange), work)
      .catch((error: unknown) => breakOff(exchange, error, instrument));
  };
  const receive = (request: IncomingMessage, response: ServerResponse) =>
    enterPipeline(request, (leave) => answer(request, response, leave));
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs),
    },
    receive,
  );
  server.on('checkContinue', receive);
  server.on('upgrade', upgrade);
  server.on('clientError', answerBrokenRequest);
  return server;
}

function createExchange(
  request: IncomingMessage,
  response: ServerResponse,
  { basePath, isStopping, delivery }: HttpOptions,
): HttpExchange {
  const requestId = requestIdOf(request);
  const exchange: HttpExchange = {
    request,
    response,
    requestId,
    path: pathWithin(basePath, request.url),
    delivery,
    headers: commonHeaders(requestId),
    end: createLazyAbort(),
  };
  if (isStopping()) exchange.headers.connection = 'close';
  return exchange;
}

function activityOf(exchange: HttpExchange): Activity {
  const { request, response, requestId, path } = exchange;
  const { traceparent, tracestate } = request.headers;
  return {
    name: 'http.request',
    facts: { requestId, method: request.method, path, traceparent, tracestate },
    outcome: () => ({ status: response.statusCode, route: exchange.route }),
  };
}

/** The caller's own id if it is safe in a header and a log line, or else a new one. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : newRequestId();
}

function logRequest(exchange: HttpExchange, durationMs: number, instrument: Instrument): void {
  const { request, response, requestId, path, keyId, route } = exchange;
  const { statusCode: status } = response;
  const isComplete = response.writableFinished;
  // A 503 is only debug: in an outage, or while the server stops, every request would log the same line.
  const level = isComplete && status >= 500 && status !== 503 ? 'info' : 'debug';
  const message = isComplete
    ? 'A request was answered'
    : 'A client disconnected before the end of its answer';
  const { method } = request;
  const facts = { requestId, method, path, status, durationMs, keyId, route, isComplete };
  instrument.emit(level, 'http.request', message, {
    ...facts,
    isStream: exchange.isStream ?? isEventStream(response),
  });
}

function isEventStream(response: ServerResponse): boolean {
  return String(response.getHeader('content-type')).startsWith('text/event-stream');
}

function breakOff({ response, requestId }: HttpExchange, error: unknown, instrument: Instrument): void {
  instrument.emit('error', 'http.fault', 'An answer was aborted by an internal error', { requestId, error });
  response.destroy();
}

const brokenRequestStatus: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Answers what Node could not parse as a request, and requests that timed out. */
function answerBrokenRequest(error: NodeJS.ErrnoException, connection: Socket | Duplex): void {
  if (error.code === 'ECONNRESET' || !connection.writable) return void connection.destroy();
  const status = brokenRequestStatus[error.code ?? ''] ?? '400 Bad Request';
  const headers = ['connection: close', 'content-length: 0', `x-request-id: ${newRequestId()}`];
  connection.end(`HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\n\r\n`);
}
