import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type Clock, systemClock } from '../kernel/clock.js';

export interface StopWatchdogOptions {
  /** Whether the database answers a new connection within this many milliseconds. */
  readonly isAnswering: (timeoutMs: number) => Promise<boolean>;
  /** Called before the sockets are destroyed. */
  readonly onGivenUp: () => void;
  /** How long the database may not answer, in milliseconds, once the process stops. */
  readonly silenceMs: number;
  /** Pause before each check, in milliseconds. */
  readonly pollMs?: number;
  readonly clock?: Clock;
}

/** Tracks every database socket, so that a stopping process can destroy them if PostgreSQL does not answer. */
export interface StopWatchdog {
  /** Creates the socket of a new connection. */
  openSocket(): Socket;
  /** Called when the process begins to stop. If the database does not answer from now on, all statements fail. */
  start(): void;
  /** Destroys all sockets, and each that is opened from now on. */
  giveUp(): void;
  /** Called when the process needs the database no more. */
  end(): void;
}

/** How long one check may take, in milliseconds. At least two fit into the default `silenceMs`. */
const CHECK_MS = 2_000;

/** Creates a watchdog that does nothing until `start`. */
export function createStopWatchdog(options: StopWatchdogOptions): StopWatchdog {
  const { isAnswering, onGivenUp, silenceMs, pollMs = 500, clock = systemClock } = options;
  const sockets = new Set<Socket>();
  const ended = new AbortController();
  let hasStarted = false;
  let isGivenUp = false;

  async function watch(): Promise<void> {
    let answeredAtMs = clock.now();
    for (;;) {
      await pause(pollMs, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
      if (ended.signal.aborted) return;
      if (await isAnswering(CHECK_MS)) answeredAtMs = clock.now();
      else if (clock.now() - answeredAtMs >= silenceMs) break;
    }
    if (ended.signal.aborted) return;
    onGivenUp();
    giveUp();
  }

  function giveUp(): void {
    isGivenUp = true;
    for (const socket of sockets) socket.destroy();
  }

  return {
    openSocket() {
      const socket = new Socket();
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      // Deferred: destroyed before the driver calls `connect`, the socket would be opened again.
      if (isGivenUp) setImmediate(() => socket.destroy());
      return socket;
    },
    start() {
      if (!hasStarted) void watch();
      hasStarted = true;
    },
    giveUp,
    end: () => ended.abort(),
  };
}
