import { cutError } from '../answer-text.js';
import type { FrameError } from './frames.js';

/** There is no connection. Permanent: dialling again can't help. */
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

/** The connection went away while an answer was awaited. */
export class ConnectionLost extends Error {
  constructor(reason: string) {
    super(`The connection to the OpenClaw gateway was lost${reason === '' ? '' : `: ${reason}`}.`);
    this.name = 'ConnectionLost';
  }
}

const NEEDS_DEVICE = new Set(['DEVICE_IDENTITY_REQUIRED', 'PAIRING_REQUIRED']);

/** What a refused `connect` means. `token` is ours and never shown. */
export function explainRefusal(
  error: FrameError,
  token: string | undefined,
  deviceId: string | null,
): NotConnected {
  const words = cutError(error.message || error.code, token);
  if (error.retryable === true || error.code === 'UNAVAILABLE')
    return new NotConnected(`The OpenClaw gateway is not ready: ${words}`, false, error.retryAfterMs ?? null);
  const { code = error.code } = error.details ?? {};
  const hint = code === 'NOT_PAIRED' || NEEDS_DEVICE.has(code) ? ` ${deviceHint(token, deviceId)}` : '';
  return new NotConnected(`The OpenClaw gateway refused the connection: ${words} (${code}).${hint}`, true);
}

/** Scopes that are missing were not refused but silently dropped. */
export function explainMissingScopes(token: string | undefined, deviceId: string | null): NotConnected {
  return new NotConnected(
    `The OpenClaw gateway lets this server in without the scope operator.write. ${deviceHint(token, deviceId)}`,
    true,
  );
}

function deviceHint(token: string | undefined, deviceId: string | null): string {
  if (deviceId !== null)
    return `Approve this server there, with \`openclaw devices approve\`: it is the device ${deviceId}.`;
  if (token === undefined) return 'Set OPENCLAW_GATEWAY_TOKEN.';
  return 'A token alone is enough only on a direct loopback connection: no proxy may stand between.';
}

/** An upgrade that was answered with plain HTTP. */
export function explainHttpStatus(status: number): NotConnected {
  if (status === 503) return new NotConnected('The OpenClaw gateway is draining (HTTP 503).', false);
  const isRefusal = status === 401 || status === 403;
  const hint = status === 403 ? ' It trusts no proxy in front of it unless its trustedProxies say so.' : '';
  return new NotConnected(`The OpenClaw gateway answered with HTTP ${status}.${hint}`, isRefusal);
}

/** A socket that was closed before we were let in. 1002 and 1008 mean that the next attempt would end alike. */
export function explainEarlyClose(code: number, reason: string, token: string | undefined): NotConnected {
  const words = reason === '' ? '' : `: ${cutError(reason, token)}`;
  return new NotConnected(
    `The OpenClaw gateway closed the connection (${code}${words}).`,
    code === 1002 || code === 1008,
  );
}
