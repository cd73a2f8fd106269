import { GraphQLError } from 'graphql';
import type { AccessGate } from '../access-gate.js';
import { protocolError } from '../protocol-error.js';
import { readBody } from './body.js';
import { sendJson } from './exchange.js';
import { isJsonContent } from './media-type.js';
import type { Route } from './router.js';

/** What the exchange of a sign-in code needs from the rest of the application. */
export interface SignInOptions {
  /** Authenticates codes instead of keys. A code is used up by that. */
  readonly codeGate: AccessGate;
  /** Opens a session with the rights of the key. */
  readonly openSession: (keyId: string) => Promise<{ readonly token: string; readonly expiresAt: Date }>;
}

/** A code has about 110 characters. */
const MAX_BODY_BYTES = 1_000;

/**
 * Creates `/api/sign-in`, which exchanges the code of a sign-in link for a session. The code is in the fragment of the
 * link, which browsers send to no server and which no log contains; it works once.
 */
export function createSignInRoute({ codeGate, openSession }: SignInOptions): Route {
  return {
    path: '/api/sign-in',
    methods: ['POST'],
    async handle(exchange) {
      const { request, response } = exchange;
      if (!isJsonContent(request.headers['content-type'])) throw unsupportedMediaType();
      const code = parseCode(await readBody(request, response, { maxBytes: MAX_BODY_BYTES }));
      const { keyId } = await codeGate
        .authenticate(`Bearer ${code}`, request.socket.remoteAddress)
        .catch(rethrowForCode);
      exchange.keyId = keyId;
      const { token, expiresAt } = await openSession(keyId);
      sendJson(exchange, 201, { token, expiresAt: expiresAt.toISOString() });
    },
  };
}

/** Anything that is no code is refused as an invalid one, and counts as an attempt. */
function parseCode(body: string): string {
  try {
    const { code }: { code?: unknown } = JSON.parse(body);
    return typeof code === 'string' && /^[\w.-]{1,300}$/.test(code) ? code : '-';
  } catch {
    return '-';
  }
}

function rethrowForCode(error: unknown): never {
  if (!(error instanceof GraphQLError) || error.extensions.code !== 'UNAUTHENTICATED') throw error;
  throw protocolError(
    'UNAUTHENTICATED',
    'This sign-in link is not valid, has expired or was used before. Make a new one with `mc open`, or sign in with a key.',
    { status: 401 },
  );
}

function unsupportedMediaType() {
  const message = 'Send a JSON object with "content-type: application/json".';
  return protocolError('UNSUPPORTED_MEDIA_TYPE', message, { status: 415 });
}
