import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { backoffMs } from '../kernel/backoff.js';
import { randomFraction } from '../kernel/ids.js';
import type { Instrument } from '../kernel/instrument.js';
import type { Service } from '../kernel/service.js';
import { BELL_CHANNEL } from './bell.js';
import { connectPinned } from './session.js';

/** Receives the NOTIFYs of every process's bell on a connection of its own. */
export interface BellListener extends Service {
  /** False while the connection is lost. NOTIFYs are missed then, and only polling finds new events. */
  isListening(): boolean;
}

export interface BellListenerOptions {
  readonly connectionString: string;
  readonly instrument: Instrument;
  /** Also called after every new connection, because NOTIFYs may have been missed before it. */
  readonly onRing: () => void;
}

/** Creates a listener that reconnects without limit, with backoff. `start` does not wait for the first connection. */
export function createBellListener({
  connectionString,
  instrument,
  onRing,
}: BellListenerOptions): BellListener {
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;
  let isListening = false;
  let failures = 0;

  async function keepListening(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const error = await listenOnce(signal);
      isListening = false;
      if (signal.aborted) return;
      failures += 1;
      // Logged once, because every retry would log the same.
      if (failures === 1)
        instrument.emit(
          'warn',
          'bell.connection_lost',
          'Until it is back, polling finds the events of other processes',
          { error },
        );
      const waitMs = backoffMs({ attempt: failures, baseMs: 100, maxMs: 5_000, random: randomFraction() });
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves with the error when the connection breaks or could not be opened. */
  async function listenOnce(signal: AbortSignal): Promise<unknown> {
    const client = new pg.Client({
      connectionString,
      application_name: 'mission-control-bell',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    });
    client.on('notification', onRing);
    let onAbort: (reason: unknown) => void = () => undefined;
    const broken = new Promise<never>((_, reject) => {
      onAbort = reject;
      client.on('error', reject);
      client.once('end', () => reject(new Error('The connection ended')));
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      await Promise.race([connectPinned(client), broken]);
      await Promise.race([client.query(`LISTEN ${BELL_CHANNEL}`), broken]);
      failures = 0;
      isListening = true;
      onRing();
      return await broken;
    } catch (error) {
      return error;
    } finally {
      isListening = false;
      signal.removeEventListener('abort', onAbort);
      // Not awaited: a dead peer would never answer.
      client.end().catch(() => undefined);
    }
  }

  return {
    isListening: () => isListening,
    async start() {
      if (running) return;
      const stop = new AbortController();
      running = { stop, ended: keepListening(stop.signal) };
    },
    async stop() {
      running?.stop.abort();
      await running?.ended;
      running = undefined;
    },
  };
}
