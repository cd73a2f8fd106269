import { WebSocket } from 'ws';
import { type Device, openDevice } from './device.js';
import {
  ConnectionLost,
  explainEarlyClose,
  explainHttpStatus,
  explainMissingScopes,
  explainRefusal,
  NotConnected,
} from './failures.js';
import {
  connectParams,
  type EventFrame,
  type Hello,
  PROTOCOL,
  parseFrame,
  parseHello,
  type ResponseFrame,
} from './frames.js';

/** The gateway gives a client as long for the handshake. */
const HANDSHAKE_MS = 15_000;
/** Beyond what the gateway itself sends in one frame. */
const MAX_FRAME_BYTES = 32 * 1024 * 1024;
const GOODBYE_MS = 1_000;
/** How many ticks may stay out. */
const SILENT_TICKS = 2.5;

export interface OpenclawAddress {
  readonly url: string;
  readonly token: string | undefined;
  /** Where the key lies by which a gateway on another machine knows us; null where it asks for none. */
  readonly devicePath: string | null;
}

/** The answers to one request: some have more than one. */
export interface Exchange {
  /** The next answer. @throws {ConnectionLost} */
  next(): Promise<ResponseFrame>;
  /** Further answers are of no interest; who waits for one is told that none comes. */
  end(): void;
}

/** A connection that the gateway has let in. */
export interface OpenclawConnection {
  /** Differs from one process of the gateway to the next. */
  readonly bootId: string;
  readonly canChooseModel: boolean;
  readonly maxPayload: number;
  isOpen(): boolean;
  /** Sends a request that has one answer. @throws {ConnectionLost} */
  request(method: string, params: object): Promise<ResponseFrame>;
  /** Sends a request whose answers are taken one by one. */
  exchange(method: string, params: object): Exchange;
  close(): void;
}

/** Connects and shakes hands, unless `signal` is aborted before. @throws {NotConnected} */
export async function openConnection(
  address: OpenclawAddress,
  onEvent: (event: EventFrame) => void,
  signal: AbortSignal,
): Promise<OpenclawConnection> {
  const device = address.devicePath === null ? null : await openKnownDevice(address.devicePath);
  const socket = new WebSocket(address.url, {
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_MS,
  });
  const exchanges = createExchanges(socket);
  const giveUp = () => socket.terminate();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const hello = await shakeHands(socket, exchanges, { token: address.token, device });
    watchSilence(socket, hello.policy.tickIntervalMs);
    socket.on('message', (message) => {
      const frame = parseFrame(String(message));
      if (frame?.type === 'event') onEvent(frame);
    });
    return connectionOf(socket, exchanges, hello);
  } catch (error) {
    socket.terminate();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** @throws {NotConnected} */
function openKnownDevice(path: string): Promise<Device> {
  return openDevice(path).catch((cause: Error) => {
    const message = `The key of this device can't be read or made: ${cause.message}.`;
    throw new NotConnected(message, true, null, { cause });
  });
}

function connectionOf(socket: WebSocket, exchanges: Exchanges, hello: Hello): OpenclawConnection {
  return {
    bootId: hello.server.bootId,
    canChooseModel: hello.auth.scopes.includes('operator.admin'),
    maxPayload: hello.policy.maxPayload,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    exchange: exchanges.begin,
    async request(method, params) {
      const exchange = exchanges.begin(method, params);
      try {
        return await exchange.next();
      } finally {
        exchange.end();
      }
    },
    close() {
      socket.close(1000);
      // Whoever does not answer the goodbye is not waited for.
      setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
    },
  };
}

/** What we identify ourselves by. */
interface Papers {
  readonly token: string | undefined;
  readonly device: Device | null;
}

/** Waits for the challenge, introduces us, and checks what we are let in for. */
function shakeHands(socket: WebSocket, exchanges: Exchanges, papers: Papers): Promise<Hello> {
  const { token, device } = papers;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new NotConnected('The OpenClaw gateway did not shake hands in time.', false)),
      HANDSHAKE_MS,
    );
    socket.once('close', () => clearTimeout(timer));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      reject(explainHttpStatus(response.statusCode ?? 0));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const words = error.message || error.code;
      reject(new NotConnected(`The OpenClaw gateway can't be reached: ${words}.`, false));
    });
    // The gateway says why it refuses, and then closes: the words come first, so they win.
    socket.once('close', (code, reason) => reject(explainEarlyClose(code, String(reason), token)));
    const introduce = (message: unknown) => {
      const frame = parseFrame(String(message));
      if (frame?.type !== 'event' || frame.event !== 'connect.challenge') return;
      socket.off('message', introduce);
      const answered = exchanges.begin('connect', connectParams(token, device, frame.payload)).next();
      answered
        .then((answer) => resolve(readHello(answer, papers)))
        .catch((error: unknown) => {
          if (!(error instanceof ConnectionLost)) reject(error);
        })
        .finally(() => clearTimeout(timer));
    };
    socket.on('message', introduce);
  });
}

/** @throws {NotConnected} */
function readHello({ ok, payload, error }: ResponseFrame, { token, device }: Papers): Hello {
  const deviceId = device?.id ?? null;
  if (!ok) throw explainRefusal(error ?? { code: 'UNKNOWN', message: 'it gave no reason' }, token, deviceId);
  const hello = parseHello(payload);
  if (hello === null || hello.protocol !== PROTOCOL)
    throw new NotConnected(`The OpenClaw gateway does not speak protocol ${PROTOCOL}.`, true);
  if (!hello.auth.scopes.includes('operator.write')) throw explainMissingScopes(token, deviceId);
  return hello;
}

/** Ticks that do not come mean that the other side is gone, even if the network has not noticed. */
function watchSilence(socket: WebSocket, tickIntervalMs: number): void {
  const timer = setTimeout(() => socket.terminate(), SILENT_TICKS * tickIntervalMs);
  const refresh = () => timer.refresh();
  socket.on('message', refresh);
  socket.on('ping', refresh);
  socket.once('close', () => clearTimeout(timer));
}

interface Exchanges {
  begin(method: string, params: object): Exchange;
}

/** Brings answers to their requests. An answer to nothing that was asked, or to what is over, is ignored. */
function createExchanges(socket: WebSocket): Exchanges {
  const waiting = new Map<string, Inbox>();
  let lastId = 0;
  let lost: ConnectionLost | null = null;
  socket.on('message', (message) => {
    const frame = parseFrame(String(message));
    if (frame?.type === 'res') waiting.get(frame.id)?.push(frame);
  });
  socket.once('close', (_code, reason) => {
    lost = new ConnectionLost(String(reason));
    for (const inbox of waiting.values()) inbox.fail(lost);
  });
  return {
    begin(method, params) {
      lastId += 1;
      const id = String(lastId);
      const inbox = createInbox();
      waiting.set(id, inbox);
      if (lost !== null || socket.readyState !== WebSocket.OPEN) inbox.fail(lost ?? new ConnectionLost(''));
      else socket.send(JSON.stringify({ type: 'req', id, method, params }), () => undefined);
      return {
        next: inbox.next,
        end() {
          waiting.delete(id);
          inbox.fail(new ConnectionLost('nobody waits for an answer any more'));
        },
      };
    },
  };
}

interface Inbox {
  push(frame: ResponseFrame): void;
  fail(error: ConnectionLost): void;
  next(): Promise<ResponseFrame>;
}

/** What has come before the end is still taken. */
function createInbox(): Inbox {
  const frames: ResponseFrame[] = [];
  let failure: ConnectionLost | null = null;
  let wake: () => void = () => undefined;
  return {
    push(frame) {
      frames.push(frame);
      wake();
    },
    fail(error) {
      failure = error;
      wake();
    },
    async next() {
      for (;;) {
        const frame = frames.shift();
        if (frame !== undefined) return frame;
        if (failure !== null) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
