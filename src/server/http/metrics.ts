import type { IncomingMessage } from 'node:http';
import type { Gate } from '../access-gate.js';
import { protocolError } from '../protocol-error.js';
import { send } from './exchange.js';
import type { Route } from './router.js';

export interface MetricsOptions {
  /** What there is to tell, and in which format. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly gate: Gate;
}

/**
 * `/metrics`, for Prometheus. Numbers alone, but of the whole fleet: so a key is asked for, of any role but AGENT, whose
 * keys see their own part of it only. Whoever is on this machine reads it without one.
 */
export function createMetricsRoute({ metrics, gate }: MetricsOptions): Route {
  return {
    path: '/metrics',
    methods: ['GET', 'HEAD'],
    async handle(exchange) {
      const { request } = exchange;
      const { authorization } = request.headers;
      if (authorization !== undefined || !isFromThisMachine(request)) {
        const viewer = await gate.authenticate(authorization, request.socket.remoteAddress);
        exchange.keyId = viewer.keyId;
        gate.admit(viewer);
        if (viewer.role === 'AGENT') throw forbidden();
      }
      const { contentType, text } = await metrics();
      send(exchange, 200, { 'content-type': contentType }, text);
    },
  };
}

/** What proxies add to a request that they pass on. */
const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Whether nobody stands between this machine and the request. A proxy on it says for whom it asks, or else under which
 * name; a browser that was led here by a name of somebody else's says that name, too.
 */
function isFromThisMachine({ headers, socket }: IncomingMessage): boolean {
  const isLocal = /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
  const isMeant = /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/i.test(headers.host ?? '');
  return isLocal && isMeant && proxyHeaders.every((name) => headers[name] === undefined);
}

function forbidden() {
  const message = 'The key of an agent sees its own part of the fleet only: use a key of another role.';
  return protocolError('FORBIDDEN', message, { status: 403 });
}
