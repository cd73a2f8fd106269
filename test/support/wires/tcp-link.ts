import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A link to a server that a test can break in the ways of a network. */
export interface TcpLink {
  /** The address of the server over this link. */
  readonly url: string;
  /** How many connections have been opened. */
  readonly opened: () => number;
  /** How many connections are open. */
  readonly open: () => number;
  /** From now on nothing is forwarded, on old and on new connections, and nothing is closed: the link is half-open. */
  freeze(): void;
  /** Forwards again, over new connections only: what was frozen stays frozen. */
  thaw(): void;
  /** Lets the next request through, and closes its connection when the answer arrives, without forwarding it. */
  dropNextAnswer(): void;
  /** Resolves when an answer was dropped. */
  readonly dropped: Promise<void>;
}

/**
 * Opens a link until the end of the test.
 *
 * @param target - the URL of the server, asked for each connection: a server that is restarted may have another port.
 */
export async function openTcpLink(target: () => string): Promise<TcpLink> {
  const sockets = new Set<Socket>();
  let opened = 0;
  let isFrozen = false;
  let isDropping = false;
  let noteDrop: () => void;
  const dropped = new Promise<void>((resolve) => {
    noteDrop = resolve;
  });
  const frozen = new WeakSet<Socket>();

  const server = createServer((near) => {
    opened += 1;
    if (isFrozen) frozen.add(near);
    const { hostname, port } = new URL(target());
    const far = connect({ host: hostname, port: Number(port) });
    near.on('data', (bytes) => frozen.has(near) || far.write(bytes));
    far.on('data', (bytes) => {
      if (frozen.has(near)) return;
      if (!isDropping) return void near.write(bytes);
      isDropping = false;
      near.destroy();
      noteDrop();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        sockets.delete(one);
        if (!frozen.has(near)) other.destroy();
      });
    }
    nears.add(near);
    near.once('close', () => nears.delete(near));
  });
  const nears = new Set<Socket>();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    opened: () => opened,
    open: () => nears.size,
    freeze() {
      isFrozen = true;
      for (const near of nears) frozen.add(near);
    },
    thaw() {
      isFrozen = false;
    },
    dropNextAnswer() {
      isDropping = true;
    },
    dropped,
  };
}
