import { cutError } from '../answer-text.js';
import type { FrameError } from './frames.js';

/** There is no connection. Permanent: a retry can't help. */
export class NotConnected extends Error {
  constructor(
    message: string,
    readonly permanent: boolean,
    readonly retryAfterMs: number | null = null,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'NotConnected';
  }
}

/** The connection was lost while a request waited for its answer. */
export class ConnectionLost extends Error {
  constructor(reason: string) {
    super(`The connection to the OpenClaw gateway was lost${reason === '' ? '' : `: ${reason}`}.`);
    this.name = 'ConnectionLost';
  }
}

const NEEDS_DEVICE = new Set(['DEVICE_IDENTITY_REQUIRED', 'PAIRING_REQUIRED']);

/** Explains a refused `connect`. The token is removed from the text. */
export function explainRefusal(
  error: FrameError,
  token: string | undefined,
  deviceId: string | null,
): NotConnected {
  const reason = cutError(error.message || error.code, token);
  if (error.retryable === true || error.code === 'UNAVAILABLE')
    return new NotConnected(
      `The OpenClaw gateway is not ready: ${reason}`,
      false,
      error.retryAfterMs ?? null,
    );
  const { code = error.code } = error.details ?? {};
  const hint = code === 'NOT_PAIRED' || NEEDS_DEVICE.has(code) ? ` ${deviceHint(token, deviceId)}` : '';
  return new NotConnected(`The OpenClaw gateway refused the connection: ${reason} (${code}).${hint}`, true);
}

/** Explains missing scopes: the gateway drops scopes without refusing the connection. */
export function explainMissingScopes(token: string | undefined, deviceId: string | null): NotConnected {
  return new NotConnected(
    `The OpenClaw gateway did not grant the scope operator.write. ${deviceHint(token, deviceId)}`,
    true,
  );
}

function deviceHint(token: string | undefined, deviceId: string | null): string {
  if (deviceId !== null)
    return `Approve the device ${deviceId}, which is this server, at the gateway with \`openclaw devices approve\`.`;
  if (token === undefined) return 'Set OPENCLAW_GATEWAY_TOKEN.';
  return 'A token alone is enough only on a direct loopback connection without a proxy.';
}

/** Explains an upgrade request that was answered with an HTTP status. */
export function explainHttpStatus(status: number): NotConnected {
  if (status === 503) return new NotConnected('The OpenClaw gateway is draining (HTTP 503).', false);
  // Every status except a server error or a limit means that this address will never accept the connection.
  const isRefusal = status < 500 && ![408, 425, 429].includes(status);
  const hint = status === 403 ? ' It trusts only the proxies in its setting trustedProxies.' : '';
  return new NotConnected(`The OpenClaw gateway answered with HTTP ${status}.${hint}`, isRefusal);
}

/** Explains a socket that was closed during the handshake. After 1002 and 1008 a retry would fail in the same way. */
export function explainEarlyClose(code: number, reason: string, token: string | undefined): NotConnected {
  const detail = reason === '' ? '' : `: ${cutError(reason, token)}`;
  return new NotConnected(
    `The OpenClaw gateway closed the connection (${code}${detail}).`,
    code === 1002 || code === 1008,
  );
}
