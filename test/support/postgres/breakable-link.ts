import { createConnection, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { onTestFinished } from 'vitest';

/** A proxy to PostgreSQL that can stop forwarding packets. */
export interface BreakableLink {
  readonly url: string;
  /** Stops forwarding, without closing any connection. */
  interrupt(): void;
  /** Forwards what was held back and all that follows. */
  restore(): void;
  /** Never again forwards anything on the present connections, without closing them. New connections work. */
  lose(): void;
}

/** Opens a link to the database at this address until the end of the test. */
export async function openBreakableLink(databaseUrl: string): Promise<BreakableLink> {
  const sockets = new Set<Socket>();
  const lost = new WeakSet<Socket>();
  let isInterrupted = false;
  // A connection that is lost must not answer the end of one side either.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connectTo(databaseUrl);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('data', (bytes) => lost.has(one) || other.write(bytes));
      one.on('end', () => lost.has(one) || other.end());
      one.on('error', () => undefined);
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      if (isInterrupted) one.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as { port: number };
  const url = new URL(databaseUrl);
  return {
    url: `postgresql://${url.username}${url.password && `:${url.password}`}@127.0.0.1:${port}${url.pathname}`,
    interrupt() {
      isInterrupted = true;
      for (const socket of sockets) socket.pause();
    },
    lose() {
      for (const socket of sockets) lost.add(socket);
    },
    restore() {
      isInterrupted = false;
      for (const socket of sockets) socket.resume();
    },
  };
}

function connectTo(databaseUrl: string): Socket {
  const { host, port } = new pg.Client({ connectionString: databaseUrl });
  return host.startsWith('/')
    ? createConnection(`${host}/.s.PGSQL.${port}`)
    : createConnection({ host, port });
}
