import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { Config } from '../config/config.js';
import { StreamEnd } from '../graphql/events/stream.js';
import type { OperationKind } from '../graphql/operation-contexts.js';
import type { EventSelection } from '../graphql/webhooks/webhook-bodies.js';
import type { Clock } from '../kernel/clock.js';
import type { Place } from '../kernel/fair-queue.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Service } from '../kernel/service.js';
import { Turns } from '../kernel/turns.js';
import { createAccessGate } from './access-gate.js';

import { ArrivingBytes } from './arriving-bytes.js';
import { createErrorPresenter, type ErrorPresenter } from './error-presenter.js';
import { createDocuments } from './graphql/documents.js';
import { createExecution } from './graphql/execution.js';

import { createGraphqlRoute, type TaskQuota } from './graphql/graphql-route.js';
import { createEventTurns, createOperationQueues } from './graphql/operation-queues.js';
import { createOperations } from './graphql/operations.js';
import { createSchemaRoute } from './graphql/schema-route.js';
import { createYogaServer } from './graphql/yoga.js';
import { trackConnections } from './http/connections.js';
import { createDashboard } from './http/dashboard.js';
import { createDelivery } from './http/delivery.js';
import { createHealthRoutes, type HealthOptions } from './http/health.js';
import { createHttpServer } from './http/http.js';
import { createMcpRoute, type McpCalls } from './http/mcp.js';
import { createMetricsRoute, type MetricsOptions } from './http/metrics.js';
import { createRootRedirect } from './http/root-redirect.js';
import { createRouter } from './http/router.js';
import { createSignInRoute, type SignInOptions } from './http/sign-in.js';
import { createUpgrade } from './http/upgrade.js';
import { type ServerLimits, serverLimits } from './limits.js';
import { protocolError } from './protocol-error.js';
import type { RequestScope, Viewer } from './request-scope.js';
import {
  createEventStreamRoute,
  createTicketRoute,
  type EventItem,
  type EventSource,
} from './sse/event-stream-route.js';
import { brokenOff } from './sse/result-stream.js';
import { createEventSelections } from './streams/event-selections.js';
import { createOpenStreams, type OpenStreams } from './streams/open-streams.js';
import { createSharedOperations } from './streams/shared-operations.js';
import { createStreamPlaces, type TakeStreamPlace } from './streams/stream-places.js';
import { createSubscribe } from './streams/subscribe.js';
import { createSocketProtocol } from './websocket/socket-protocol.js';
import { createWebSockets } from './websocket/websocket.js';

/** What the server gets from the other parts of the application. */
export interface ServerOptions {
  readonly schema: GraphQLSchema;
  readonly http: Config['http'];
  /**
   * The viewer of a valid key; null if the key is unknown, expired or revoked. Called for every request and for every
   * operation on a WebSocket, so it should answer from memory.
   */
  readonly authenticate: (secret: string) => Promise<Viewer | null>;
  /** Creates the context of one operation, over HTTP and over WebSockets. */
  readonly createContext: (scope: RequestScope, kind: OperationKind, place?: Place) => object;
  /** The events that `/api/events` sends. */
  readonly events: EventSource;
  /** Signs browsers in with a link. Without it there is no `/api/sign-in`. */
  readonly signIn?: {
    /** The viewer of a code, which is used up; null if it is not valid. */
    readonly redeem: (code: string) => Promise<Viewer | null>;
    readonly openSession: SignInOptions['openSession'];
  };
  /** Creates the tools of `/mcp`, which call the API at the address of this server. Without it there is no `/mcp`. */
  readonly mcp?: (url: () => string) => McpCalls;
  /** The folder with the built dashboard. Without it the root leads to GraphiQL. */
  readonly dashboard?: string | undefined;
  /** How many tasks a key may still create, for the headers of mutations. Without it there are none. */
  readonly taskQuota?: (viewer: Viewer) => TaskQuota;
  /** For `/readyz`: true, false, or the reason in a few words. The answer is public. */
  readonly isReady: HealthOptions['isReady'];
  /** Whether an error means that the database is unavailable. Such requests are answered with UNAVAILABLE. */
  readonly isOutage?: (error: unknown) => boolean;
  /** The answer of `/metrics`. */
  readonly metrics: MetricsOptions['metrics'];
  readonly instrument: Instrument;
  readonly clock: Clock;
  /** Limits that differ from the default ones. */
  readonly limits?: Partial<ServerLimits>;
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** URL for a browser or client on this machine, without a path. */
  readonly url: string;
}

export interface Server extends Service {
  /** Opens what a document selects from each event, for the body of a webhook. */
  readonly openSelection: (viewer: Viewer, document: string) => EventSelection;
  /** The address on which the server listens. @throws Error before `start` and after `stop`. */
  address(): ServerAddress;
}

/**
 * Creates the HTTP server: GraphQL with its event streams and WebSockets, GraphiQL, health and metrics.
 *
 * `stop` makes `/readyz` answer 503 and refuses new connections. It closes WebSockets with 1012 and breaks off
 * GraphQL event streams, so that their clients reconnect. It ends plain event streams with an error that says how to resume,
 * and waits at most `drainTimeoutMs` for requests in flight. A stopped server can't be started again.
 */
export function createServer(options: ServerOptions): Server {
  const limits = { ...serverLimits, ...options.limits };
  let stopping: Promise<void> | undefined;
  const isStopping = () => stopping !== undefined;
  const { server, webSockets, mcp, endStreams, openSelection } = wire(options, limits, isStopping);
  const connections = trackConnections(server);

  async function drain(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    await mcp?.stop();
    await webSockets.stop();
    endStreams();
    connections.drain();
    const deadline = setTimeout(() => server.closeAllConnections(), limits.drainTimeoutMs);
    await closed;
    clearTimeout(deadline);
  }

  return {
    async start() {
      if (server.listening || isStopping()) return;
      await listen(server, options.http);
    },
    stop() {
      stopping ??= drain();
      return stopping;
    },
    address: () => addressOf(server, options.http.host),
    openSelection,
  };
}

const stopError = protocolError('UNAVAILABLE', 'The server is stopping: resume with your last cursor.');

function wire(options: ServerOptions, limits: ServerLimits, isStopping: () => boolean) {
  const { schema, instrument, clock, isReady } = options;
  const { basePath, corsOrigins } = options.http;
  const { events: source } = options;
  const presenter = createErrorPresenter(instrument, options.isOutage);
  const delivery = createDelivery(limits);
  const reportOpen = (kind: string) => (open: number) =>
    instrument.emit('trace', 'streams.changed', 'A stream began or ended', { kind, open });
  const streams = createOpenStreams<ExecutionResult>(reportOpen('graphql'));
  const eventStreams = createOpenStreams<EventItem>(reportOpen('plain'));
  const gate = createAccessGate({ authenticate: options.authenticate, limits, clock });
  const ticketGate = createAccessGate({ authenticate: source.redeemTicket, limits, clock });
  const takePlace = createStreamPlaces(limits);
  const turns = new Turns();
  const arriving = new ArrivingBytes(limits);
  const parts = { streams, takePlace, turns, presenter };
  const { operations, shared } = wireOperations(options, limits, parts);
  const protocol = createSocketProtocol({ operations, arriving, presenter, gate, limits });
  const webSockets = createWebSockets({
    ...{ protocol, turns, arriving, unread: delivery.unread, instrument, limits },
  });
  // Clients take a silence of 15 s for a dead connection, so one comment may be late.
  const heartbeatMs = limits.pingIntervalMs / 2;
  const { signIn, dashboard } = options;
  const mcp = options.mcp?.(() => addressOf(server, options.http.host).url);
  const plain = {
    ...{ source, gate, ticketGate, corsOrigins, presenter, heartbeatMs, takePlace },
    streams: eventStreams,
  };
  const routes = [
    createRootRedirect(basePath),
    createGraphqlRoute({
      ...{ operations, arriving, turns, gate, basePath, corsOrigins, limits, presenter, heartbeatMs },
      taskQuota: options.taskQuota,
    }),
    createSchemaRoute({ schema, gate, corsOrigins }),
    createEventStreamRoute(plain),
    createTicketRoute(plain),
    ...createHealthRoutes({ isReady, isStopping }),
    createMetricsRoute({ metrics: options.metrics, gate }),
    ...(mcp
      ? [
          createMcpRoute({
            calls: mcp,
            ...{ gate, corsOrigins, arriving, turns },
            maxBodyBytes: limits.maxBodyBytes,
          }),
        ]
      : []),
    ...(signIn ? [createSignInRoute(signInOptions(signIn, limits, clock))] : []),
  ];
  const findFirst = dashboard === undefined ? undefined : createDashboard(dashboard, basePath);
  const route = createRouter(routes, presenter, findFirst);
  const upgrade = createUpgrade({ webSockets, basePath, corsOrigins, isStopping });
  const http = { basePath, isStopping, delivery, limits, instrument, clock };
  const server = createHttpServer({ route, upgrade, ...http });
  function endStreams(): void {
    streams.endAll(brokenOff);
    eventStreams.endAll(new StreamEnd(stopError));
  }
  const openSelection = createEventSelections({ prepare: operations.prepare, operations: shared, presenter });
  return { server, webSockets, mcp, endStreams, openSelection };
}

interface OperationParts {
  readonly streams: OpenStreams<ExecutionResult>;
  readonly takePlace: TakeStreamPlace;
  readonly turns: Turns;
  readonly presenter: ErrorPresenter;
}

function wireOperations(options: ServerOptions, limits: ServerLimits, parts: OperationParts) {
  const { schema, createContext, instrument, clock } = options;
  const { streams, takePlace, turns, presenter } = parts;
  const common = { createContext, presenter, limits };
  const shared = createSharedOperations({ ...common, turns: createEventTurns(limits, clock) });
  const subscribe = createSubscribe({
    operations: shared,
    streams,
    takePlace,
    presenter,
    limits,
    instrument,
  });
  const execute = createExecution(presenter, limits);
  const operations = createOperations({
    ...{ execute, turns, createContext, presenter, subscribe },
    documents: createDocuments(createYogaServer({ ...common, schema, execute })),
    queues: createOperationQueues(limits, clock),
    observers: { instrument, clock },
  });
  return { operations, shared };
}

function signInOptions(
  { redeem, openSession }: NonNullable<ServerOptions['signIn']>,
  limits: ServerLimits,
  clock: Clock,
): SignInOptions {
  return { codeGate: createAccessGate({ authenticate: redeem, limits, clock }), openSession };
}

/** @throws Error that says what to do if the address is in use, forbidden, or not an address of this machine. */
async function listen(server: HttpServer, { host, port }: Config['http']): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw new Error(`Can't listen on ${host} port ${port}${hintFor(cause)}`, { cause });
  }
}

function hintFor(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE')
    return ': the port is in use. Stop the other program, or set MC_PORT to another port (0 takes a free one)';
  if (code === 'EACCES') return ': this user has no permission. Set MC_PORT to a port above 1023';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return ': it is not an address of this machine. Set MC_HOST';
  return '';
}

function addressOf(server: HttpServer, host: string): ServerAddress {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server is not listening');
  const { port } = address;
  const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return { host, port, url: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}` };
}
