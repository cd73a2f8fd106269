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

/** The gateway's own time limit for the handshake. */
const HANDSHAKE_MS = 15_000;
/** More than the gateway sends in one frame. */
const MAX_FRAME_BYTES = 32 * 1024 * 1024;
const CLOSE_MS = 1_000;
/** Missing ticks after which the connection counts as dead. */
const SILENT_TICKS = 2.5;

/** The URL and the credentials of a gateway. */
export interface OpenclawAddress {
  readonly url: string;
  readonly token: string | undefined;
  /** File of the device key, by which a gateway on another machine identifies this server; null if none is needed. */
  readonly devicePath: string | null;
}

/** The answers to one request. Some requests have several. */
export interface Answers {
  /** The next answer. @throws {ConnectionLost} */
  next(): Promise<ResponseFrame>;
  /** Ignores further answers. A pending `next` rejects. */
  end(): void;
}

/** A connection after a successful handshake. */
export interface OpenclawConnection {
  /** Identifies the process of the gateway: it changes at a restart. */
  readonly bootId: string;
  readonly canChooseModel: boolean;
  readonly maxPayload: number;
  isOpen(): boolean;
  /** Sends a request that has one answer. @throws {ConnectionLost} */
  request(method: string, params: object): Promise<ResponseFrame>;
  /** Sends a request with several answers. */
  send(method: string, params: object): Answers;
  close(): void;
}

/** Connects and completes the handshake, unless `signal` is aborted before. @throws {NotConnected} */
export async function openConnection(
  address: OpenclawAddress,
  onEvent: (event: EventFrame) => void,
  signal: AbortSignal,
): Promise<OpenclawConnection> {
  const device = address.devicePath === null ? null : await openKnownDevice(address.devicePath);
  const socket = new WebSocket(address.url, {
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    // The token is meant for this address alone.
    followRedirects: false,
    handshakeTimeout: HANDSHAKE_MS,
  });
  const requests = createRequests(socket);
  const giveUp = () => socket.terminate();
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const hello = await shakeHands(socket, requests, { token: address.token, device });
    watchSilence(socket, hello.policy.tickIntervalMs);
    socket.on('message', (message) => {
      const frame = parseFrame(String(message));
      if (frame?.type === 'event') onEvent(frame);
    });
    return connectionOf(socket, requests, hello);
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
    const message = `The key of this device can't be read or created: ${cause.message}.`;
    throw new NotConnected(message, true, null, { cause });
  });
}

function connectionOf(socket: WebSocket, requests: Requests, hello: Hello): OpenclawConnection {
  return {
    bootId: hello.server.bootId,
    canChooseModel: hello.auth.scopes.includes('operator.admin'),
    maxPayload: hello.policy.maxPayload,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    send: requests.send,
    async request(method, params) {
      const answers = requests.send(method, params);
      try {
        return await answers.next();
      } finally {
        answers.end();
      }
    },
    close() {
      socket.close(1000);
      // A peer that does not answer the close frame is disconnected.
      setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    },
  };
}

/** How this server identifies itself. */
interface Credentials {
  readonly token: string | undefined;
  readonly device: Device | null;
}

/** Waits for the challenge, sends `connect`, and checks the granted scopes. */
function shakeHands(socket: WebSocket, requests: Requests, credentials: Credentials): Promise<Hello> {
  const { token, device } = credentials;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new NotConnected('The OpenClaw gateway did not complete the handshake in time.', false)),
      HANDSHAKE_MS,
    );
    socket.once('close', () => clearTimeout(timer));
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      reject(explainHttpStatus(response.statusCode ?? 0));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const reason = error.message || error.code;
      reject(new NotConnected(`The OpenClaw gateway can't be reached: ${reason}.`, false));
    });
    // The gateway sends the reason of a refusal before it closes, so that reason comes first.
    socket.once('close', (code, reason) => reject(explainEarlyClose(code, String(reason), token)));
    const answerChallenge = (message: unknown) => {
      const frame = parseFrame(String(message));
      if (frame?.type !== 'event' || frame.event !== 'connect.challenge') return;
      socket.off('message', answerChallenge);
      const answered = requests.send('connect', connectParams(token, device, frame.payload)).next();
      answered
        .then((answer) => resolve(readHello(answer, credentials)))
        .catch((error: unknown) => {
          if (!(error instanceof ConnectionLost)) reject(error);
        })
        .finally(() => clearTimeout(timer));
    };
    socket.on('message', answerChallenge);
  });
}

/** @throws {NotConnected} */
function readHello({ ok, payload, error }: ResponseFrame, { token, device }: Credentials): Hello {
  const deviceId = device?.id ?? null;
  if (!ok) throw explainRefusal(error ?? { code: 'UNKNOWN', message: 'it gave no reason' }, token, deviceId);
  const hello = parseHello(payload);
  if (hello === null || hello.protocol !== PROTOCOL)
    throw new NotConnected(`The OpenClaw gateway does not speak protocol ${PROTOCOL}.`, true);
  if (!hello.auth.scopes.includes('operator.write')) throw explainMissingScopes(token, deviceId);
  return hello;
}

/** Terminates the socket if ticks are missing: the gateway is gone, even if the network has not noticed it. */
function watchSilence(socket: WebSocket, tickIntervalMs: number): void {
  const timer = setTimeout(() => socket.terminate(), SILENT_TICKS * tickIntervalMs);
  const refresh = () => timer.refresh();
  socket.on('message', refresh);
  socket.on('ping', refresh);
  socket.once('close', () => clearTimeout(timer));
}

interface Requests {
  send(method: string, params: object): Answers;
}

/** Assigns answers to their requests. Answers to unknown or ended requests are ignored. */
function createRequests(socket: WebSocket): Requests {
  const waiting = new Map<string, AnswerQueue>();
  let lastId = 0;
  let lost: ConnectionLost | null = null;
  socket.on('message', (message) => {
    const frame = parseFrame(String(message));
    if (frame?.type === 'res') waiting.get(frame.id)?.push(frame);
  });
  socket.once('close', (_code, reason) => {
    lost = new ConnectionLost(String(reason));
    for (const queue of waiting.values()) queue.fail(lost);
  });
  return {
    send(method, params) {
      lastId += 1;
      const id = String(lastId);
      const queue = createAnswerQueue();
      waiting.set(id, queue);
      if (lost !== null || socket.readyState !== WebSocket.OPEN) queue.fail(lost ?? new ConnectionLost(''));
      else socket.send(JSON.stringify({ type: 'req', id, method, params }), () => undefined);
      return {
        next: queue.next,
        end() {
          waiting.delete(id);
          queue.fail(new ConnectionLost('the request was ended'));
        },
      };
    },
  };
}

interface AnswerQueue {
  push(frame: ResponseFrame): void;
  fail(error: ConnectionLost): void;
  next(): Promise<ResponseFrame>;
}

/** Answers that arrived before a failure are still delivered. */
function createAnswerQueue(): AnswerQueue {
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
