import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Clock, systemClock } from '../kernel/clock.js';

export interface LastPatienceOptions {
  /** Whether the database says anything to a new connection, within so many milliseconds. */
  readonly isAnswering: (timeoutMs: number) => Promise<boolean>;
  /** Called before the connections are cut. */
  readonly onGivenUp: () => void;
  /** For how long it may say nothing, in milliseconds, once the process stops. */
  readonly patienceMs: number;
  /** How long to rest before each try, in milliseconds. */
  readonly restMs?: number;
  readonly clock?: Clock;
}

/** The sockets of all connections, for a process that must end also if the database says nothing. */
export interface LastPatience {
  /** For a new connection. */
  openSocket(): Socket;
  /** The process stops: a database that is silent from now on is given up, and whoever waits for it fails at once. */
  begin(): void;
  /** Nobody needs the database any more. */
  end(): void;
}

/** How long one try may take, in milliseconds: at least two fit into the patience. */
const TRY_MS = 2_000;

export function createLastPatience(options: LastPatienceOptions): LastPatience {
  const { isAnswering, onGivenUp, patienceMs, restMs = 500, clock = systemClock } = options;
  const sockets = new Set<Socket>();
  const over = new AbortController();
  let hasBegun = false;
  let isGivenUp = false;

  async function watch(): Promise<void> {
    let heardAtMs = clock.now();
    for (;;) {
      await pause(restMs, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
      if (over.signal.aborted) return;
      if (await isAnswering(TRY_MS)) heardAtMs = clock.now();
      else if (clock.now() - heardAtMs >= patienceMs) break;
    }
    if (over.signal.aborted) return;
    onGivenUp();
    isGivenUp = true;
    for (const socket of sockets) socket.destroy();
  }

  return {
    openSocket() {
      const socket = new Socket();
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // Not before the driver has begun to connect, which would bring it back to life.
      if (isGivenUp) setImmediate(() => socket.destroy());
      return socket;
    },
    begin() {
      if (!hasBegun) void watch();
      hasBegun = true;
    },
    end: () => over.abort(),
  };
}
