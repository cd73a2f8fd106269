import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { vi } from 'vitest';
import { closeServer, listen } from './http-server.js';

/** A request that a receiver has got. */
export interface Received {
  readonly id: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: the body has the shape that the webhook asks for
  readonly body: any;
}

/** Answers a request; the default is 204. */
export type Reply = (received: Received, response: ServerResponse) => unknown;

/** A real HTTP server that records what it gets. */
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** The requests that are under way now, and the most that were at once. */
  readonly underWay: { now: number; most: number };
  reply: Reply;
  /** The ids in the order of their arrival. */
  ids(): string[];
  /** Waits for this many requests. */
  has(count: number): Promise<void>;
  close(): Promise<void>;
}

export const accept: Reply = (_received, response) => response.writeHead(204).end();

/** Starts a receiver on a free port. */
export async function startReceiver(reply: Reply = accept): Promise<Receiver> {
  const received: Received[] = [];
  const underWay = { now: 0, most: 0 };
  const server = createServer((request, response) => {
    underWay.now += 1;
    underWay.most = Math.max(underWay.most, underWay.now);
    response.once('close', () => {
      underWay.now -= 1;
    });
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString();
      const each = {
        id: String(request.headers['webhook-id']),
        headers: request.headers,
        text,
        body: JSON.parse(text),
      };
      received.push(each);
      receiver.reply(each, response);
    });
  });
  const port = await listen(server);
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hooks`,
    received,
    underWay,
    reply,
    ids: () => received.map(({ id }) => id),
    has: (count) =>
      vi.waitFor(
        () => {
          if (received.length < count) throw new Error(`${received.length} of ${count} requests have come`);
        },
        { timeout: 60_000, interval: 5 },
      ),
    close: () => closeServer(server),
  };
  return receiver;
}
