import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

/** A WebSocket with raw protocol messages, for things that a correct client never does. */
export class RawSocket {
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  /** The close code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (text) => this.messages.push(JSON.parse(String(text))));
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  /** Opens a socket at `/graphql`. Rejects if the handshake is refused. */
  static async open(
    url: string,
    {
      protocol = 'graphql-transport-ws',
      ...options
    }: { protocol?: string | string[]; headers?: Record<string, string>; autoPong?: boolean } = {},
  ): Promise<RawSocket> {
    const raw = new RawSocket(new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, protocol, options));
    await once(raw.socket, 'open');
    return raw;
  }

  send(message: Message | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  init(authorization: unknown): void {
    this.send({ type: 'connection_init', payload: { authorization } });
  }

  subscribe(id: string, query: string, variables?: object): void {
    this.send({ id, type: 'subscribe', payload: { query, variables } });
  }

  /** The messages of one operation. */
  of(id: string): Message[] {
    return this.messages.filter((message) => message.id === id);
  }
}
