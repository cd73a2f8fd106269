import { z } from 'zod';
import type { Device } from './device.js';

/** The supported version of the gateway's protocol. */
export const PROTOCOL = 4;

const errorShape = z.object({
  code: z.string(),
  message: z.string().default(''),
  details: z.object({ code: z.string().optional() }).nullish().catch(undefined),
  retryable: z.boolean().optional(),
  retryAfterMs: z.number().optional(),
});

const payload = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((fields) => fields ?? {});

const frame = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('res'),
    id: z.string(),
    ok: z.boolean(),
    payload,
    error: errorShape.optional(),
  }),
  z.object({ type: z.literal('event'), event: z.string(), payload }),
]);

const hello = z.object({
  protocol: z.number(),
  server: z.object({ bootId: z.string() }),
  auth: z.object({ scopes: z.array(z.string()).default([]) }).default({ scopes: [] }),
  policy: z
    .object({ maxPayload: z.number().default(26_214_400), tickIntervalMs: z.number().default(30_000) })
    .default({ maxPayload: 26_214_400, tickIntervalMs: 30_000 }),
});

export type Frame = z.output<typeof frame>;
export type ResponseFrame = Extract<Frame, { type: 'res' }>;
export type EventFrame = Extract<Frame, { type: 'event' }>;
export type FrameError = z.output<typeof errorShape>;
/** The gateway's answer to a successful `connect`: facts about itself and about the connection. */
export type Hello = z.output<typeof hello>;

/** Parses a frame. Null for anything that is not a frame of the protocol; callers ignore it. */
export function parseFrame(text: string): Frame | null {
  try {
    return frame.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Parses the answer to `connect`. Null if it is not valid. */
export function parseHello(value: unknown): Hello | null {
  return hello.safeParse(value).data ?? null;
}

const challengeShape = z.object({ nonce: z.string(), ts: z.number() });

const SCOPES = ['operator.read', 'operator.write', 'operator.admin'];

/**
 * The parameters of `connect`, in answer to the gateway's challenge. The gateway accepts a fixed list of clients; only
 * `gateway-client` gets its scopes without a device.
 */
export function connectParams(token: string | undefined, device: Device | null, challenge: unknown): object {
  const { nonce, ts } = challengeShape.safeParse(challenge).data ?? { nonce: '', ts: 0 };
  const claim = {
    nonce,
    signedAt: ts,
    clientId: 'gateway-client',
    clientMode: 'backend',
    scopes: SCOPES,
    token: token ?? '',
    platform: process.platform,
  };
  return {
    minProtocol: PROTOCOL,
    maxProtocol: PROTOCOL,
    client: {
      id: 'gateway-client',
      version: '1.0.0',
      platform: process.platform,
      mode: 'backend',
      displayName: 'mission-control',
    },
    role: 'operator',
    scopes: SCOPES,
    caps: [],
    ...(token === undefined ? {} : { auth: { token } }),
    ...(device === null ? {} : { device: device.prove(claim) }),
  };
}
