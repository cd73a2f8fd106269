import type { IncomingMessage } from 'node:http';
import type { ExecutionArgs, GraphQLError } from 'graphql';
import { CloseCode, type Context, makeServer, type Server, type SubscribePayload } from 'graphql-ws';
import { isAsyncIterable } from 'graphql-yoga';
import { newRequestId } from '../../kernel/ids.js';
import type { AccessGate } from '../access-gate.js';
import { type ArrivingBytes, COUNTED_FROM } from '../arriving-bytes.js';
import type { ErrorPresenter } from '../error-presenter.js';
import { exactVariablesIn, type GraphqlParams } from '../graphql/graphql-params.js';
import type { Operations, PreparedOperation } from '../graphql/operations.js';
import type { ServerLimits } from '../limits.js';
import { protocolError } from '../protocol-error.js';
import type { Viewer } from '../request-scope.js';
import { toSentResult, withoutHttpHints } from '../result-response.js';
import type { Inbox } from './inbox.js';
import { type Send, sendStream } from './websocket-stream.js';

/** One socket. */
export interface Peer {
  readonly request: IncomingMessage;
  readonly isOpen: () => boolean;
  readonly send: Send;
  readonly inbox: Inbox;
  /** Running operations by the client's id. They are aborted when the client completes them or the socket closes. */
  readonly operations: Map<string, AbortController>;
  keyId?: string;
  /** The message that is being handled, as `parseExactly` reads it, if it holds a number that was rounded. */
  exactMessage?: unknown;
}

/** Thrown to close a socket with a code of the protocol. */
export class CloseSocket extends Error {
  override readonly name = 'CloseSocket';

  constructor(
    readonly code: number,
    reason: string,
  ) {
    super(reason);
  }
}

export interface SocketProtocolOptions {
  readonly operations: Operations;
  readonly arriving: ArrivingBytes;
  readonly presenter: ErrorPresenter;
  readonly gate: AccessGate;
  readonly limits: ServerLimits;
}

/**
 * Creates the protocol graphql-transport-ws with the same operations as HTTP. The key is checked when the socket opens and for
 * each operation, so a revoked key can start no more operations.
 */
export function createSocketProtocol(options: SocketProtocolOptions): Server<Peer> {
  const socketsByKey = new Map<string, number>();
  return makeServer<Record<string, unknown>, Peer>({
    connectionInitWaitTimeout: options.limits.connectionInitTimeoutMs,
    onConnect: async (ctx) => {
      const { keyId } = await authenticate(ctx, options);
      openSocket(socketsByKey, keyId, ctx.extra, options.limits);
    },
    onSubscribe: (ctx, id, payload) => beginOperation(ctx, id, payload, options),
    execute: (args) => preparedIn(args).execute(),
    subscribe: (args) => preparedIn(args).subscribe(),
    onOperation: ({ extra }, id, _payload, _args, result) =>
      isAsyncIterable(result) ? sendStream(result, id, extra.send) : undefined,
    onNext: (_ctx, _id, _payload, _args, result) => toSentResult(result),
    onError: (_ctx, _id, _payload, errors) => errors.map(withoutHttpHints),
    onComplete: ({ extra }, id) => endOperation(extra, id),
    onClose: ({ extra }) => closeSocket(socketsByKey, extra),
  });
}

type Ctx = Context<Record<string, unknown>, Peer>;

/** @throws CloseSocket with 4401, which clients do not retry, or 1013, which they do. */
async function authenticate(
  { connectionParams, extra }: Ctx,
  options: SocketProtocolOptions,
): Promise<Viewer> {
  try {
    return await options.gate.authenticate(
      keyIn(connectionParams) ?? keyIn(connectionParams?.headers),
      extra.request.socket.remoteAddress,
    );
  } catch (error) {
    throw closeFor(options.presenter.present(error, newRequestId()));
  }
}

/** Clients write the name of the header in any case, and some send all their headers as one member. */
function keyIn(params: unknown): unknown {
  if (typeof params !== 'object' || params === null) return undefined;
  return Object.entries(params).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

function closeFor({ extensions: { code } }: GraphQLError): CloseSocket {
  if (code === 'UNAUTHENTICATED') return new CloseSocket(CloseCode.Unauthorized, unauthorized);
  const reason = code === 'RATE_LIMITED' ? 'Too many bad API keys' : 'The API key could not be checked';
  return new CloseSocket(tryAgainLater, reason);
}

const unauthorized = 'Unauthorized: send connectionParams {"authorization": "Bearer mc_…"} with a valid key';
const tryAgainLater = 1013;

function openSocket(sockets: Map<string, number>, keyId: string, peer: Peer, limits: ServerLimits): void {
  // The socket may have closed while its key was checked. Then `closeSocket` has run, and would not decrease the count again.
  if (!peer.isOpen()) return;
  const open = sockets.get(keyId) ?? 0;
  if (open >= limits.maxSocketsPerKey) {
    throw new CloseSocket(tryAgainLater, `At most ${limits.maxSocketsPerKey} sockets per API key`);
  }
  sockets.set(keyId, open + 1);
  peer.keyId = keyId;
}

function closeSocket(sockets: Map<string, number>, { keyId, operations }: Peer): void {
  for (const controller of operations.values()) controller.abort();
  if (keyId === undefined) return;
  const left = (sockets.get(keyId) ?? 1) - 1;
  if (left > 0) sockets.set(keyId, left);
  else sockets.delete(keyId);
}

async function beginOperation(
  ctx: Ctx,
  id: string,
  payload: SubscribePayload,
  options: SocketProtocolOptions,
) {
  const { limits, presenter } = options;
  const requestId = newRequestId();
  const { operations, isOpen, inbox } = ctx.extra;
  // Read at once: the next message replaces them.
  const { length } = inbox;
  const params = toParams(payload, ctx.extra.exactMessage);
  const controller = new AbortController();
  try {
    if (countRunning(operations) >= limits.maxSubscriptionsPerSocket) throw tooManySubscriptions(limits);
    operations.set(id, controller);
    const viewer = await authenticate(ctx, options);
    countUntilAborted(options.arriving.begin(viewer.keyId), length, controller.signal);
    options.gate.admit(viewer);
    const turn = inbox.turnFor(viewer.keyId, options.operations.turnFor(viewer.keyId, params), length);
    if (turn !== undefined) await turn;
    if (!isOpen()) controller.abort();
    const { signal } = controller;
    if (signal.aborted) throw clientHasEnded();
    const prepared = options.operations.prepare({ viewer, requestId, signal }, params);
    if ('operation' in prepared) return toExecutionArgs(prepared, payload);
    endOperation(ctx.extra, id);
    return prepared.refused.errors ?? [];
  } catch (error) {
    // Not the one of a later operation that has the id of one that its client has completed.
    if (operations.get(id) === controller) endOperation(ctx.extra, id);
    if (error instanceof CloseSocket) throw error;
    return [presenter.present(error, requestId)];
  }
}

/** The library needs arguments of graphql-js. The `execute` and `subscribe` above read the prepared operation from them. */
function toExecutionArgs(prepared: PreparedOperation, { operationName }: SubscribePayload): ExecutionArgs {
  const { schema, document } = prepared;
  return {
    schema,
    document,
    operationName: operationName ?? null,
    rootValue: prepared,
    contextValue: undefined,
  };
}

function preparedIn({ rootValue }: ExecutionArgs): PreparedOperation {
  return rootValue as PreparedOperation;
}

function toParams(
  { query, operationName, variables, extensions }: SubscribePayload,
  exactMessage: unknown,
): GraphqlParams {
  return {
    query,
    ...(typeof operationName === 'string' ? { operationName } : {}),
    ...(variables ? { variables } : {}),
    ...(extensions ? { extensions } : {}),
    ...(isMessage(exactMessage) ? exactVariablesIn(exactMessage.payload) : {}),
  };
}

function isMessage(message: unknown): message is { readonly payload?: unknown } {
  return typeof message === 'object' && message !== null;
}

/** An operation that its client has completed is not counted, even if it has not ended yet. */
function countRunning(operations: ReadonlyMap<string, AbortController>): number {
  return [...operations.values()].filter(({ signal }) => !signal.aborted).length;
}

function endOperation({ operations }: Peer, id: string): void {
  operations.get(id)?.abort();
  operations.delete(id);
}

/** The message is counted as long as its operation is under way. */
function countUntilAborted(count: (size: number) => void, length: number, signal: AbortSignal): void {
  if (length < COUNTED_FROM || signal.aborted) return;
  count(length);
  signal.addEventListener('abort', () => count(0), { once: true });
}

/** Not sent: the client has completed the operation, or closed the socket, while it waited. */
function clientHasEnded() {
  return protocolError('RATE_LIMITED', 'The operation was ended before it began.');
}

function tooManySubscriptions({ maxSubscriptionsPerSocket }: ServerLimits) {
  return protocolError(
    'RATE_LIMITED',
    `At most ${maxSubscriptionsPerSocket} operations at a time on one socket.`,
  );
}
