import { type Client, createClient, Refused } from './client.js';
import { type ServerProcess, startServer } from './server-process.js';

/** A server that can be killed and restarted on the same data folder, each time on another port. */
export interface RestartingServer {
  /** An admin's client of the current server. */
  readonly admin: Client;
  /** The duration of each start until readiness, in milliseconds. */
  readonly startsMs: readonly number[];
  /** All log events of all servers with this level. */
  logged(level: string): string[];
  /** Resolves when a server is running. */
  ready(): Promise<unknown>;
  /** Kills the server and starts the next one. Resolves when that is ready. */
  killAndRestart(): Promise<unknown>;
  /** Repeats the call, like a careful client, until a server has answered it. */
  retryUntilAnswered<T>(call: () => Promise<T>): Promise<T>;
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
      // Set before the kill, so that clients that lose their connection wait for the next server.
      starting = replace();
      return starting;
    },
    async retryUntilAnswered(call) {
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

/** Whether the call got no answer, so that its outcome is unknown. */
function isLoss(error: unknown): boolean {
  // `fetch` throws a TypeError if a connection is refused or breaks.
  return error instanceof TypeError || (error instanceof Refused && error.code === 'UNAVAILABLE');
}
