import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { Channel } from './channel.js';

/** A TCP proxy between two parties that can be broken in the ways of a network. Bytes are never reordered. */
export interface Link {
  readonly port: number;
  /** How many connections are open. */
  open(): number;
  /** Resets all connections. */
  cut(): void;
  /** Resets all connections and refuses new ones until `mend`. */
  refuse(): void;
  /** Forwards nothing until `mend`, and then everything that has arrived meanwhile. */
  stall(): void;
  /**
   * Never again forwards anything on the present connections and those that are opened until `mend`, and tells neither side
   * when the other one closes.
   */
  halfOpen(): void;
  /** Forwards everything later by this time, until `mend`. */
  delay(ms: number): void;
  mend(): void;
  close(): Promise<void>;
}

/** After this time the keepalive of TCP finds that the other side of a half-open connection has gone, in milliseconds. */
const KEEPALIVE_MS = 15_000;

type Mode = 'open' | 'refusing' | 'stalled' | 'half-open';

/**
 * Opens a link.
 *
 * @param target - asked for each connection, because a server that is restarted has another port. Null: no server listens.
 */
export async function openLink(target: () => NetConnectOpts | null): Promise<Link> {
  const pairs = new Set<Pair>();
  let mode: Mode = 'open';
  let delayMs = 0;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const options = mode === 'refusing' ? null : target();
    if (options === null) return void near.resetAndDestroy();
    const pair = new Pair(near, connect({ ...options, allowHalfOpen: true, noDelay: true }), () =>
      pairs.delete(pair),
    );
    pairs.add(pair);
    pair.delay(delayMs);
    if (mode === 'stalled') pair.hold();
    if (mode === 'half-open') pair.silence();
  });
  const port = await listen(server);
  const each = (change: (pair: Pair) => void) => {
    for (const pair of [...pairs]) change(pair);
  };
  return {
    port,
    open: () => pairs.size,
    cut: () => each((pair) => pair.reset()),
    refuse() {
      mode = 'refusing';
      each((pair) => pair.reset());
    },
    stall() {
      mode = 'stalled';
      each((pair) => pair.hold());
    },
    halfOpen() {
      mode = 'half-open';
      each((pair) => pair.silence());
    },
    delay(ms) {
      delayMs = ms;
      each((pair) => pair.delay(ms));
    },
    mend() {
      mode = 'open';
      delayMs = 0;
      each((pair) => pair.mend());
    },
    async close() {
      each((pair) => pair.reset());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the link has no port');
  return address.port;
}

/** One connection: the socket of the side that opened it, and the one to the target. */
class Pair {
  readonly #sockets: readonly [Socket, Socket];
  readonly #channels: readonly [Channel, Channel];
  #isSilent = false;

  constructor(near: Socket, far: Socket, onEnd: () => void) {
    this.#sockets = [near, far];
    this.#channels = [new Channel(near, far), new Channel(far, near)];
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => undefined);
      one.once('close', () => {
        if (this.#isSilent) setTimeout(() => reset(other), KEEPALIVE_MS).unref();
        else reset(other);
        if (near.destroyed && far.destroyed) onEnd();
      });
    }
  }

  hold(): void {
    for (const channel of this.#channels) channel.hold();
  }

  mend(): void {
    for (const channel of this.#channels) channel.mend();
  }

  delay(ms: number): void {
    for (const channel of this.#channels) channel.delayMs = ms;
  }

  silence(): void {
    this.#isSilent = true;
    for (const channel of this.#channels) channel.silence();
  }

  reset(): void {
    for (const socket of this.#sockets) reset(socket);
  }
}

/** Resets a connection. A Unix socket has no reset and is closed. */
function reset(socket: Socket): void {
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
