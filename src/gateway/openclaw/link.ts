import { backoffMs } from '../../kernel/backoff.js';
import { randomFraction } from '../../kernel/ids.js';
import { singleFlight } from '../../kernel/single-flight.js';
import { type OpenclawAddress, type OpenclawConnection, openConnection } from './connection.js';
import { NotConnected } from './failures.js';
import type { EventFrame } from './frames.js';

const FIRST_REDIAL_MS = 250;
const LAST_REDIAL_MS = 10_000;

/** The one connection that all calls share. It is opened when a call needs it and there is none. */
export interface OpenclawLink {
  /** The connection, or one attempt to get it, shared by all who ask at the same time. @throws {NotConnected} */
  connect(): Promise<OpenclawConnection>;
  /**
   * Dials again and again, with growing rests, until there is a connection.
   * @throws {NotConnected} when there is no hope, or when `signal` ends the attempts.
   */
  reconnect(signal: AbortSignal): Promise<OpenclawConnection>;
  /** Registers a listener to the gateway's events and returns the function that removes it. */
  onEvent(listener: (event: EventFrame) => void): () => void;
  close(): void;
}

export function createOpenclawLink(address: OpenclawAddress): OpenclawLink {
  const listeners = new Set<(event: EventFrame) => void>();
  let connection: OpenclawConnection | null = null;
  const closing = new AbortController();

  const dial = singleFlight(async () => {
    const tellAll = (event: EventFrame) => {
      for (const listener of listeners) listener(event);
    };
    connection = await openConnection(address, tellAll, closing.signal);
    if (closing.signal.aborted) connection.close();
    return connection;
  });

  async function connect(): Promise<OpenclawConnection> {
    if (closing.signal.aborted) throw new NotConnected('The server is stopping.', true);
    if (connection?.isOpen()) return connection;
    return dial();
  }

  async function reconnect(signal: AbortSignal): Promise<OpenclawConnection> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await connect();
      } catch (error) {
        if (!(error instanceof NotConnected) || error.permanent || signal.aborted) throw error;
        await rest(Math.max(restMs(attempt), error.retryAfterMs ?? 0), signal);
        if (signal.aborted) throw error;
      }
    }
  }

  return {
    connect,
    reconnect,
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      closing.abort();
      connection?.close();
    },
  };
}

function restMs(attempt: number): number {
  return backoffMs({ attempt, baseMs: FIRST_REDIAL_MS, maxMs: LAST_REDIAL_MS, random: randomFraction() });
}

/** Ends early when the signal does. */
export function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
  });
}
