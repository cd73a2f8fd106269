import type { IncomingMessage } from 'node:http';
import type { AccessGate } from '../access-gate.js';
import { protocolError } from '../protocol-error.js';
import { send } from './exchange.js';
import { findMisplacedKey } from './misplaced-key.js';
import type { Route } from './router.js';

export interface MetricsOptions {
  /** The metrics and their format. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly gate: AccessGate;
}

/**
 * Creates `/metrics` for Prometheus. The metrics are only numbers, but about the whole fleet, so a key is required. A key of
 * role AGENT is refused, because it may see only its own part. Requests from this machine need no key.
 */
export function createMetricsRoute({ metrics, gate }: MetricsOptions): Route {
  return {
    path: '/metrics',
    methods: ['GET', 'HEAD'],
    async handle(exchange) {
      const { request } = exchange;
      const { authorization } = request.headers;
      if (authorization !== undefined || !isFromThisMachine(request)) {
        const viewer = await gate.authenticate(authorization, request.socket.remoteAddress, () =>
          findMisplacedKey(request),
        );
        exchange.keyId = viewer.keyId;
        gate.admit(viewer);
        if (viewer.role === 'AGENT') throw forbidden();
      }
      const { contentType, text } = await metrics();
      send(exchange, 200, { 'content-type': contentType }, text);
    },
  };
}

/** Headers that proxies add to requests. */
const proxyHeaders = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Whether the request comes directly from this machine. A proxy on this machine adds a forwarding header or sends its own
 * host name. In a DNS rebinding attack the browser sends the attacker's host name.
 */
function isFromThisMachine({ headers, socket }: IncomingMessage): boolean {
  const isLocal = /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '');
  const isLocalName = /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/i.test(headers.host ?? '');
  return isLocal && isLocalName && proxyHeaders.every((name) => headers[name] === undefined);
}

function forbidden() {
  const message =
    'A key of role AGENT may not read the metrics of the whole fleet: use a key of another role.';
  return protocolError('FORBIDDEN', message, { status: 403 });
}
