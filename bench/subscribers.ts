import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Called for each message of a subscriber. */
export type OnMessage = (subscriber: number, atMs: number, text: Buffer) => void;

/** The open subscribers of one server. */
export interface Subscribers {
  onMessage: OnMessage;
  close(): void;
}

/** What each subscriber sends after it is connected. It waits for the answer to the first message. */
export interface Greeting {
  readonly first?: (subscriber: number) => object;
  readonly second?: (subscriber: number) => object;
}

/**
 * Opens many WebSocket subscribers in this process at low cost: frames are split but not parsed, so that the servers are
 * measured and not their clients.
 */
export async function openSubscribers(url: string, count: number, greeting: Greeting): Promise<Subscribers> {
  const sockets: Socket[] = [];
  const subscribers: Subscribers = {
    onMessage: () => undefined,
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
  for (let i = 0; i < count; i += 1) sockets.push(await open(url, i, greeting, subscribers));
  return subscribers;
}

async function open(
  url: string,
  index: number,
  { first, second }: Greeting,
  subscribers: Subscribers,
): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  const key = Buffer.alloc(16, index).toString('base64');
  socket.write(
    `GET /graphql HTTP/1.1\r\nhost: ${hostname}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\nsec-websocket-key: ${key}\r\n\r\n`,
  );
  await once(socket, 'data');
  if (first) {
    socket.write(frame(first(index)));
    await once(socket, 'data');
  }
  if (second) socket.write(frame(second(index)));
  listen(socket, index, subscribers);
  return socket;
}

/** Creates a frame whose mask is zero, so that the text is unchanged. */
function frame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  const head = body.length < 126 ? Buffer.from([0x81, 0x80 | body.length]) : Buffer.from([0x81, 0xfe, 0, 0]);
  if (head.length === 4) head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

function listen(socket: Socket, index: number, subscribers: Subscribers): void {
  let rest: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    const nowMs = performance.now();
    let data = rest ? Buffer.concat([rest, chunk]) : chunk;
    for (let length = frameLength(data); length <= data.length; length = frameLength(data)) {
      const opcode = (data[0] ?? 0) % 16;
      if (opcode === 1) subscribers.onMessage(index, nowMs, data.subarray(0, length));
      // The server closes sockets that do not answer its empty pings.
      if (opcode === 9) socket.write(PONG);
      data = data.subarray(length);
    }
    rest = data.length > 0 ? data : undefined;
  });
}

const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** The length of the first frame with its header; infinite while the header is incomplete. */
function frameLength(data: Buffer): number {
  const length = data.length < 2 ? Number.POSITIVE_INFINITY : (data[1] ?? 0);
  if (length === 126) return data.length < 4 ? Number.POSITIVE_INFINITY : 4 + data.readUInt16BE(2);
  if (length === 127) return data.length < 10 ? Number.POSITIVE_INFINITY : 10 + data.readUInt32BE(6);
  return 2 + length;
}
