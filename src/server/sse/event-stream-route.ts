import { GraphQLError } from 'graphql';
import type { SerializedEvent } from '../../graphql/events/event-writer.js';
import type { PlainEventQuery, PlainEventStream } from '../../graphql/events/plain-events.js';
import type { StreamEnd } from '../../graphql/events/stream.js';
import { unchanged } from '../../kernel/item-source.js';
import type { AccessGate } from '../access-gate.js';
import { admit } from '../http/admit.js';
import { type HttpExchange, sendJson } from '../http/exchange.js';
import { corsHeaders, sendPreflight } from '../http/origins.js';
import type { Route } from '../http/router.js';
import { protocolError } from '../protocol-error.js';
import type { RequestScope, Viewer } from '../request-scope.js';
import type { OpenStreams } from '../streams/open-streams.js';
import type { TakeStreamPlace } from '../streams/stream-places.js';
import { type EventStreamOptions, sendEventStream } from './event-stream.js';
import { parseEventStreamQuery } from './event-stream-query.js';

/** What the plain event stream needs from the rest of the application. */
export interface EventSource {
  /** Rejects with the same refusals as the GraphQL subscription. */
  readonly open: (scope: RequestScope, query: PlainEventQuery) => Promise<PlainEventStream>;
  readonly issueTicket: (viewer: Viewer) => Promise<{ readonly ticket: string; readonly expiresAt: Date }>;
  /** Null if the ticket is not valid or has expired. */
  readonly redeemTicket: (ticket: string) => Promise<Viewer | null>;
}

export type EventItem = SerializedEvent | StreamEnd;

export interface EventStreamRouteOptions extends EventStreamOptions {
  readonly source: EventSource;
  readonly gate: AccessGate;
  /** Authenticates tickets instead of keys. */
  readonly ticketGate: AccessGate;
  readonly corsOrigins: readonly string[];
  readonly streams: OpenStreams<EventItem>;
  readonly takePlace: TakeStreamPlace;
}

/** Creates `/api/events`: the log as server-sent events, for curl and a browser's EventSource. */
export function createEventStreamRoute(options: EventStreamRouteOptions): Route {
  const { source, streams, takePlace, corsOrigins } = options;
  return {
    path: '/api/events',
    methods: ['GET', 'OPTIONS'],
    async handle(exchange) {
      const { request, response, requestId, end } = exchange;
      Object.assign(exchange.headers, corsHeaders(request.headers, corsOrigins));
      if (request.method === 'OPTIONS') return sendPreflight(exchange);
      response.once('close', () => end.abort());
      const { ticket, ...query } = parseEventStreamQuery(request);
      const viewer = await admitReader(exchange, ticket, options);
      // Exceeded limits and mistakes of the caller are answered before the stream begins, with a status.
      const scope = { viewer, requestId, signal: end.signal };
      takePlace(scope);
      const { begin, items } = await source.open(scope, query).catch(rethrowWithStatus);
      await sendEventStream(
        exchange,
        { begin, items: streams.open(items, end.signal, unchanged<EventItem>()) },
        options,
      );
    },
  };
}

/** Creates `/api/events/tickets`, which exchanges a key for a ticket. A ticket can be part of an EventSource's URL. */
export function createTicketRoute({ source, gate, corsOrigins }: EventStreamRouteOptions): Route {
  return {
    path: '/api/events/tickets',
    methods: ['POST', 'OPTIONS'],
    async handle(exchange) {
      const { request } = exchange;
      Object.assign(exchange.headers, corsHeaders(request.headers, corsOrigins));
      if (request.method === 'OPTIONS') return sendPreflight(exchange);
      const { viewer } = await admit(exchange, gate);
      const { ticket, expiresAt } = await source.issueTicket(viewer);
      sendJson(exchange, 201, { ticket, expiresAt: expiresAt.toISOString() });
    },
  };
}

async function admitReader(
  exchange: HttpExchange,
  ticket: string | undefined,
  { gate, ticketGate }: EventStreamRouteOptions,
): Promise<Viewer> {
  const { headers, socket } = exchange.request;
  if (ticket === undefined || headers.authorization !== undefined) {
    const { viewer } = await admit(exchange, gate);
    return viewer;
  }
  const viewer = await ticketGate
    .authenticate(`Bearer ${ticket}`, socket.remoteAddress)
    .catch(rethrowForTicket);
  exchange.keyId = viewer.keyId;
  Object.assign(exchange.headers, gate.admit(viewer));
  return viewer;
}

function rethrowForTicket(error: unknown): never {
  if (!(error instanceof GraphQLError) || error.extensions.code !== 'UNAUTHENTICATED') throw error;
  const hint = 'Get a new one with POST /api/events/tickets and an API key, and resume with ?after=.';
  throw protocolError('UNAUTHENTICATED', `The stream ticket is not valid or has expired. ${hint}`, {
    status: 401,
  });
}

/** GraphQL answers these with 200 and an error beside the data. On this route many clients see only the status. */
const statusByCode = new Map<unknown, number>([
  ['BAD_USER_INPUT', 400],
  ['FORBIDDEN', 403],
  ['CURSOR_EXPIRED', 410],
]);

function rethrowWithStatus(error: unknown): never {
  const status = error instanceof GraphQLError ? statusByCode.get(error.extensions.code) : undefined;
  if (!(error instanceof GraphQLError) || status === undefined) throw error;
  throw new GraphQLError(error.message, { extensions: { ...error.extensions, http: { status } } });
}
