import { createHash, createPublicKey, verify } from 'node:crypto';
import { invalid, type Reply, unavailable } from './fake-openclaw-replies.js';

export type GatewayMode = 'ready' | 'starting' | 'draining';

/** What the gateway checks a `connect` request against. */
export interface HandshakeRules {
  readonly token: string;
  readonly mode: GatewayMode;
  /** The scopes that are granted to clients. Default: all. */
  readonly grants: readonly string[] | undefined;
  /** If set, clients are treated as on another machine: only these devices get scopes. */
  readonly pairedDevices: ReadonlySet<string> | undefined;
  /** The nonce of the challenge. */
  readonly nonce: string;
}

/** The granted scopes; or a refusal with the close code of the socket. */
export type Admission =
  | { readonly scopes: readonly string[] }
  | { readonly refusal: Reply; readonly closeCode: number };

const PARAMS = new Set('minProtocol maxProtocol client role scopes caps auth device'.split(' '));

/** Checks the first request of a connection as strictly as the real gateway. */
export function admit(method: string, params: Record<string, unknown>, rules: HandshakeRules): Admission {
  const { id, mode } = (params.client ?? {}) as Record<string, unknown>;
  const mistake = findMistake(method, params, id);
  if (mistake !== null) return { refusal: invalid(mistake), closeCode: 1008 };
  if (Number(params.minProtocol) > 4 || Number(params.maxProtocol) < 4) {
    const details = { code: 'PROTOCOL_MISMATCH', expectedProtocol: 4 };
    return { refusal: invalid('protocol mismatch', details), closeCode: 1002 };
  }
  if (rules.mode === 'starting')
    return { refusal: unavailable('gateway starting', 'startup-sidecars'), closeCode: 1013 };
  const refusal = judgeToken((params.auth as { token?: string } | undefined)?.token, rules.token);
  if (refusal !== null) return { refusal, closeCode: 1008 };
  const device = judgeDevice(params, rules);
  if (device !== null) return { refusal: device, closeCode: 1008 };
  const asked = (params.scopes ?? []) as string[];
  const keepsScopes = id === 'gateway-client' && mode === 'backend';
  return { scopes: keepsScopes ? asked.filter((scope) => rules.grants?.includes(scope) ?? true) : [] };
}

function findMistake(method: string, params: Record<string, unknown>, clientId: unknown): string | null {
  if (method !== 'connect') return 'invalid handshake: first request must be connect';
  const extra = Object.keys(params).find((key) => !PARAMS.has(key));
  if (extra !== undefined) return `invalid connect params: at root: unexpected property '${extra}'`;
  if (clientId === 'gateway-client' || clientId === 'cli') return null;
  return 'invalid connect params: at /client/id: must be equal to one of the allowed values';
}

function judgeToken(given: string | undefined, expected: string): Reply | null {
  if (given === expected) return null;
  if (given !== undefined)
    return invalid('unauthorized: gateway token mismatch', { code: 'AUTH_TOKEN_MISMATCH' });
  const details = { code: 'DEVICE_IDENTITY_REQUIRED' };
  return { ok: false, error: { code: 'NOT_PAIRED', message: 'device identity required', details } };
}

interface Proof {
  readonly id: string;
  readonly publicKey: string;
  readonly signature: string;
  readonly signedAt: number;
  readonly nonce: string;
}

function judgeDevice(
  params: Record<string, unknown>,
  { pairedDevices, nonce, token }: HandshakeRules,
): Reply | null {
  if (pairedDevices === undefined) return null;
  const proof = params.device as Proof | undefined;
  const refuse = (code: string) => ({
    ok: false,
    error: { code: 'NOT_PAIRED', message: 'pairing required', details: { code } },
  });
  if (proof === undefined) return refuse('DEVICE_IDENTITY_REQUIRED');
  const { id, mode, platform } = params.client as Record<string, string>;
  const scopes = (params.scopes as string[]).join(',');
  const text = `v3|${proof.id}|${id}|${mode}|operator|${scopes}|${proof.signedAt}|${token}|${nonce}|${platform}|`;
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: proof.publicKey }, format: 'jwk' });
  const isGenuine =
    createHash('sha256').update(Buffer.from(proof.publicKey, 'base64url')).digest('hex') === proof.id &&
    verify(null, Buffer.from(text), key, Buffer.from(proof.signature, 'base64url'));
  if (!isGenuine) return invalid('device signature invalid', { code: 'DEVICE_AUTH_SIGNATURE_INVALID' });
  return pairedDevices.has(proof.id) ? null : refuse('PAIRING_REQUIRED');
}
