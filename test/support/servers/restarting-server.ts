import { type Client, createClient, Refused } from './client.js';
import { type ServerProcess, startServer } from './server-process.js';

/** A server that is killed and started anew on the same data folder, each time on another port. */
export interface RestartingServer {
  /** A client of whichever server runs, with the admin's key. */
  readonly admin: Client;
  /** How long each start took until it was ready, in milliseconds. */
  readonly startsMs: readonly number[];
  /** All log lines of all servers with this level. */
  logged(level: string): string[];
  /** Resolves when a server runs. */
  ready(): Promise<unknown>;
  /** Kills the server without a word and starts the next one; resolves when that is ready. */
  killAndRestart(): Promise<unknown>;
  /** Repeats the call, as a careful client does, until a server has answered it. */
  insist<T>(call: () => Promise<T>): Promise<T>;
}

export async function startRestartingServer(): Promise<RestartingServer> {
  const servers: ServerProcess[] = [await startServer()];
  const latest = () => servers.at(-1) as ServerProcess;
  let starting: Promise<unknown> = Promise.resolve();

  async function replace(): Promise<void> {
    await latest().kill();
    servers.push(await startServer({ dataDir: latest().dataDir }));
  }

  return {
    admin: createClient(() => latest().url, latest().adminKey),
    get startsMs() {
      return servers.map((server) => server.readyAfterMs);
    },
    logged: (level) =>
      servers.flatMap((server) =>
        server
          .log()
          .filter((line) => line.level === level)
          .map((line) => line.event),
      ),
    ready: () => starting,
    killAndRestart() {
      // Told before the kill, so that whoever loses its connection waits for the next server and not for this one.
      starting = replace();
      return starting;
    },
    async insist(call) {
      for (;;) {
        try {
          return await call();
        } catch (error) {
          if (!isLoss(error)) throw error;
          await starting;
        }
      }
    },
  };
}

/** No answer has come: nobody knows whether the call was heard. */
function isLoss(error: unknown): boolean {
  // What `fetch` throws when a connection is refused or breaks.
  return error instanceof TypeError || (error instanceof Refused && error.code === 'UNAVAILABLE');
}
