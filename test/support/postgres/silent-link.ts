import { createConnection, createServer, type Socket } from 'node:net';
import pg from 'pg';
import { onTestFinished } from 'vitest';

/** A way to PostgreSQL on which packets can get lost. */
export interface SilentLink {
  readonly url: string;
  /** From now on nothing comes through, and nobody is told. */
  lose(): void;
  /** Everything that waits comes through after all, and what follows. */
  mend(): void;
}

/** A link to the database at this address, for one test. */
export async function openSilentLink(databaseUrl: string): Promise<SilentLink> {
  const sockets = new Set<Socket>();
  let isLost = false;
  const server = createServer((near) => {
    const far = connectTo(databaseUrl);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('data', (bytes) => other.write(bytes));
      one.on('error', () => undefined);
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      if (isLost) one.pause();
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
    lose() {
      isLost = true;
      for (const socket of sockets) socket.pause();
    },
    mend() {
      isLost = false;
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
