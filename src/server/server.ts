import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import type { Config } from '../config/config.js';
import { StreamEnd } from '../graphql/events/stream.js';
import type { Clock } from '../kernel/clock.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Service } from '../kernel/service.js';
import { createGate } from './access-gate.js';
import { createErrorPresenter } from './error-presenter.js';
import { createGraphqlRoute } from './graphql/graphql-route.js';
import { createOperations } from './graphql/operations.js';
import { createYogaServer } from './graphql/yoga.js';
import { trackConnections } from './http/connections.js';
import { createHealthRoutes, type HealthOptions } from './http/health.js';
import { createHttpServer } from './http/http.js';
import { createMetricsRoute, type MetricsOptions } from './http/metrics.js';
import { homeRoute } from './http/root-redirect.js';
import { createRouter } from './http/router.js';
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
import { createOpenStreams } from './streams/open-streams.js';
import { createSharedOperations } from './streams/shared-operations.js';
import { createStreamPlaces } from './streams/stream-places.js';
import { createSubscribe } from './streams/subscribe.js';
import { createSocketProtocol } from './websocket/socket-protocol.js';
import { createWebSockets } from './websocket/websocket.js';

export interface ServerOptions {
  readonly schema: GraphQLSchema;
  readonly http: Config['http'];
  /**
   * The viewer of a live key; null for one that is unknown, expired or revoked. Called with every request and with
   * every operation on a WebSocket, so it should answer from memory.
   */
  readonly authenticate: (secret: string) => Promise<Viewer | null>;
  /** The context of one operation; called for each, over HTTP and WebSockets alike. */
  readonly createContext: (scope: RequestScope) => object;
  /** What `/api/events` sends. */
  readonly events: EventSource;
  /** For `/readyz`: true, or false, or why not in a few words that any stranger may read. */
  readonly isReady: HealthOptions['isReady'];
  /** Whether an error says that the database is away. Such requests are answered with UNAVAILABLE. */
  readonly isOutage?: (error: unknown) => boolean;
  /** What `/metrics` answers. */
  readonly metrics: MetricsOptions['metrics'];
  readonly instrument: Instrument;
  readonly clock: Clock;
  /** Others than the ones that hold by default. */
  readonly limits?: Partial<ServerLimits>;
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** Where a browser or client on this machine reaches it, without a path. */
  readonly url: string;
}

export interface Server extends Service {
  /** Where it listens. @throws Error before `start` and after `stop`. */
  address(): ServerAddress;
}

/**
 * The server for everything that comes over HTTP: GraphQL, its event streams and WebSockets, GraphiQL, and health.
 *
 * `stop` first turns `/readyz` to 503 and refuses new connections, closes WebSockets with 1012, completes event streams
 * with a last error that says how to resume, and waits for requests in flight, for at most `drainTimeoutMs`. It can't be
 * started again.
 */
export function createServer(options: ServerOptions): Server {
  const limits = { ...serverLimits, ...options.limits };
  let stopping: Promise<void> | undefined;
  const isStopping = () => stopping !== undefined;
  const { server, webSockets, endStreams } = wire(options, limits, isStopping);
  const connections = trackConnections(server);

  async function drain(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
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
  };
}

const restarting = protocolError('UNAVAILABLE', 'The server is stopping: resume with your last cursor.');

function wire(options: ServerOptions, limits: ServerLimits, isStopping: () => boolean) {
  const { schema, createContext, instrument, clock, isReady } = options;
  const { corsOrigins } = options.http;
  const { events: source } = options;
  const presenter = createErrorPresenter(instrument, options.isOutage);
  const tellOpen = (kind: string) => (open: number) =>
    instrument.emit('trace', 'streams.changed', 'A stream began or ended', { kind, open });
  const streams = createOpenStreams<ExecutionResult>(tellOpen('graphql'));
  const eventStreams = createOpenStreams<EventItem>(tellOpen('plain'));
  const gate = createGate({ authenticate: options.authenticate, limits, clock });
  const ticketGate = createGate({ authenticate: source.redeemTicket, limits, clock });
  const operations = createSharedOperations({ createContext, presenter });
  const takePlace = createStreamPlaces(limits);
  const subscribe = createSubscribe({ operations, streams, takePlace, presenter, limits, instrument });
  const yoga = createYogaServer({ schema, createContext, presenter, subscribe, limits });
  const prepare = createOperations(yoga, createContext, presenter, subscribe, { instrument, clock });
  const protocol = createSocketProtocol({ prepare, presenter, gate, limits });
  const webSockets = createWebSockets({ protocol, instrument, limits });
  const heartbeatMs = limits.pingIntervalMs;
  const plain = {
    ...{ source, gate, ticketGate, corsOrigins, presenter, heartbeatMs, takePlace },
    streams: eventStreams,
  };
  const routes = [
    homeRoute,
    createGraphqlRoute({ yoga, prepare, gate, corsOrigins, limits }),
    createEventStreamRoute(plain),
    createTicketRoute(plain),
    ...createHealthRoutes({ isReady, isStopping }),
    createMetricsRoute({ metrics: options.metrics, gate }),
  ];
  const route = createRouter(routes, presenter);
  const upgrade = createUpgrade({ webSockets, corsOrigins, isStopping });
  const server = createHttpServer({ route, upgrade, isStopping, limits, instrument, clock });
  function endStreams(): void {
    streams.endAll({ errors: [restarting] });
    eventStreams.endAll(new StreamEnd(restarting));
  }
  return { server, webSockets, endStreams };
}

/** @throws Error that says what to do when the address is taken or not of this machine. */
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
    return ': another program does. Stop it, or set MC_PORT to another port (0 takes a free one)';
  if (code === 'EACCES') return ': this user may not. Set MC_PORT to a port above 1023';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return ': it is no address of this machine. Set MC_HOST';
  return '';
}

function addressOf(server: HttpServer, host: string): ServerAddress {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen');
  const { port } = address;
  const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return { host, port, url: `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}` };
}
