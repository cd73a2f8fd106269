import { GraphQLError } from 'graphql';
import type { SerializedEvent } from '../../graphql/events/event-writer.js';
import type { PlainEventQuery, PlainEventStream } from '../../graphql/events/plain-events.js';
import type { StreamEnd } from '../../graphql/events/stream.js';
import { unchanged } from '../../kernel/item-source.js';
import type { Gate } from '../access-gate.js';
import { type Exchange, sendJson } from '../http/exchange.js';
import { corsHeaders, sendPreflight } from '../http/origins.js';
import type { Route } from '../http/router.js';
import { protocolError } from '../protocol-error.js';
import type { RequestScope, Viewer } from '../request-scope.js';
import type { OpenStreams } from '../streams/open-streams.js';
import type { TakeStreamPlace } from '../streams/stream-places.js';
import { type EventStreamOptions, sendEventStream } from './event-stream.js';
import { parseEventStreamQuery } from './event-stream-query.js';

/** What the server needs of the rest for the plain event stream. */
export interface EventSource {
  /** Refuses as the GraphQL subscription does. */
  readonly open: (scope: RequestScope, query: PlainEventQuery) => Promise<PlainEventStream>;
  readonly issueTicket: (viewer: Viewer) => Promise<{ readonly ticket: string; readonly expiresAt: Date }>;
  /** Null for a ticket that is not good, or no longer. */
  readonly redeemTicket: (ticket: string) => Promise<Viewer | null>;
}

export type EventItem = SerializedEvent | StreamEnd;

export interface EventStreamRouteOptions extends EventStreamOptions {
  readonly source: EventSource;
  readonly gate: Gate;
  /** Lets tickets in where the other lets keys in. */
  readonly ticketGate: Gate;
  readonly corsOrigins: readonly string[];
  readonly streams: OpenStreams<EventItem>;
  readonly takePlace: TakeStreamPlace;
}

/** `/api/events`: the log as server-sent events, for curl and a browser's EventSource. */
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
      const viewer = await admit(exchange, ticket, options);
      // The caller's own limits and mistakes are told before the stream begins, with a status.
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

/** `/api/events/tickets`: a key is exchanged for a ticket, which can stand in the address of an EventSource. */
export function createTicketRoute({ source, gate, corsOrigins }: EventStreamRouteOptions): Route {
  return {
    path: '/api/events/tickets',
    methods: ['POST', 'OPTIONS'],
    async handle(exchange) {
      const { request } = exchange;
      Object.assign(exchange.headers, corsHeaders(request.headers, corsOrigins));
      if (request.method === 'OPTIONS') return sendPreflight(exchange);
      const viewer = await gate.authenticate(request.headers.authorization, request.socket.remoteAddress);
      exchange.keyId = viewer.keyId;
      gate.admit(viewer);
      const { ticket, expiresAt } = await source.issueTicket(viewer);
      sendJson(exchange, 201, { ticket, expiresAt: expiresAt.toISOString() });
    },
  };
}

async function admit(
  exchange: Exchange,
  ticket: string | undefined,
  { gate, ticketGate }: EventStreamRouteOptions,
): Promise<Viewer> {
  const { headers, socket } = exchange.request;
  const viewer =
    ticket === undefined || headers.authorization !== undefined
      ? await gate.authenticate(headers.authorization, socket.remoteAddress)
      : await ticketGate.authenticate(`Bearer ${ticket}`, socket.remoteAddress).catch(rethrowOfTicket);
  exchange.keyId = viewer.keyId;
  gate.admit(viewer);
  return viewer;
}

function rethrowOfTicket(error: unknown): never {
  if (!(error instanceof GraphQLError) || error.extensions.code !== 'UNAUTHENTICATED') throw error;
  const hint = 'Get a new one with POST /api/events/tickets and an API key, and resume with ?after=.';
  throw protocolError('UNAUTHENTICATED', `The stream ticket is not valid or has expired. ${hint}`, {
    status: 401,
  });
}

/** GraphQL answers these with 200 and an error beside the data; here the status is all that many clients look at. */
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
