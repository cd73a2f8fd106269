import type pg from 'pg';
import { type Clock, systemClock } from '../kernel/clock.js';

export interface DeadPeerOptions {
  /** How long a connection may be in use before the database is checked, and how long the database then has to answer. */
  readonly silenceMs: number;
  /** Whether the database answers a new connection within this many milliseconds. */
  readonly isAnswering: (timeoutMs: number) => Promise<boolean>;
  readonly clock?: Clock;
}

/**
 * Destroys connections to a database host that vanished without closing them. TCP resends to such a host for minutes
 * before it fails, and callers would wait as long. So when a statement takes long, the watchdog tries a new connection. If
 * that gets no answer either, the statements under way fail. A statement that is only slow is left alone.
 */
export function startDeadPeerWatchdog(
  pool: pg.Pool,
  { silenceMs, isAnswering, clock = systemClock }: DeadPeerOptions,
): void {
  const acquiredAtMs = new Map<pg.PoolClient, number>();
  let timer: NodeJS.Timeout | undefined;
  let isChecking = false;

  async function check(): Promise<void> {
    const startedAtMs = clock.now();
    const isOverdue = [...acquiredAtMs.values()].some((atMs) => startedAtMs - atMs >= silenceMs);
    if (isChecking || !isOverdue) return;
    isChecking = true;
    const isSilent = !(await isAnswering(silenceMs));
    isChecking = false;
    // If this process itself was frozen, the timeout fires although the answer has arrived and is only unread.
    if (!isSilent || clock.now() - startedAtMs > 2 * silenceMs) return;
    for (const [connection, atMs] of acquiredAtMs) if (atMs <= startedAtMs) destroySocket(connection);
  }

  pool.on('acquire', (connection) => {
    acquiredAtMs.set(connection, clock.now());
    timer ??= setInterval(() => void check(), silenceMs / 4).unref();
  });
  pool.on('release', (_error, connection) => {
    acquiredAtMs.delete(connection);
    if (acquiredAtMs.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  });
}

/** The statements under way fail as in any outage. `end` would wait for the answers to pipelined statements. */
function destroySocket({ connection }: pg.PoolClient): void {
  connection.stream.destroy();
}
