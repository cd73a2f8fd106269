import type { AccessGate } from '../access-gate.js';
import type { RequestScope } from '../request-scope.js';
import type { HttpExchange } from './exchange.js';
import { findMisplacedKey } from './misplaced-key.js';

/** Checks the key of a request and counts it. @throws GraphQLError with UNAUTHENTICATED or RATE_LIMITED. */
export async function admit(exchange: HttpExchange, gate: AccessGate): Promise<RequestScope> {
  const { request, requestId, end } = exchange;
  const viewer = await gate.authenticate(request.headers.authorization, request.socket.remoteAddress, () =>
    findMisplacedKey(request),
  );
  exchange.keyId = viewer.keyId;
  Object.assign(exchange.headers, gate.admit(viewer));
  return {
    viewer,
    requestId,
    get signal() {
      return end.signal;
    },
  };
}
