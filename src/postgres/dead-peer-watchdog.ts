import type pg from 'pg';
import { type Clock, systemClock } from '../kernel/clock.js';

export interface SilenceOptions {
  /** How long a connection may be lent out before somebody looks, and how long the database then has to answer. */
  readonly silenceMs: number;
  /** Whether the database says anything to a new connection, within so many milliseconds. */
  readonly isAnswering: (timeoutMs: number) => Promise<boolean>;
  readonly clock?: Clock;
}

/**
 * Cuts connections whose database has gone without a word. What was sent to a host that vanished is repeated by the
 * network for minutes before it gives up, and its caller would wait as long. So when a statement takes long, a new
 * connection is tried: if that gets no answer either, those who wait are told. A slow statement is left alone.
 */
export function cutSilentConnections(
  pool: pg.Pool,
  { silenceMs, isAnswering, clock = systemClock }: SilenceOptions,
): void {
  const lentAtMs = new Map<pg.PoolClient, number>();
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;

  async function look(): Promise<void> {
    const startedAtMs = clock.now();
    const isOverdue = [...lentAtMs.values()].some((atMs) => startedAtMs - atMs >= silenceMs);
    if (isLooking || !isOverdue) return;
    isLooking = true;
    const isSilent = !(await isAnswering(silenceMs));
    isLooking = false;
    // A process that stood still itself finds its time over, and the answer unread.
    if (!isSilent || clock.now() - startedAtMs > 2 * silenceMs) return;
    for (const [connection, atMs] of lentAtMs) if (atMs <= startedAtMs) cut(connection);
  }

  pool.on('acquire', (connection) => {
    lentAtMs.set(connection, clock.now());
    timer ??= setInterval(() => void look(), silenceMs / 4).unref();
  });
  pool.on('release', (_error, connection) => {
    lentAtMs.delete(connection);
    if (lentAtMs.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  });
}

/** The statements that are under way fail as in any outage. `end` would wait for the answers of those in a line. */
function cut({ connection }: pg.PoolClient): void {
  connection.stream.destroy();
}
