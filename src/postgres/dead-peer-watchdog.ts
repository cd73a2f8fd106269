import type pg from 'pg';
import { type Clock, systemClock } from '../kernel/clock.js';
import { processIdOf, type RestingBackends } from './probe-backends.js';

export interface DeadPeerOptions {
  /** How long a connection may be in use before the database is asked, and how long the database then has to answer. */
  readonly silenceMs: number;
  /** Asks the database on a new connection which of these backends wait for a statement. */
  readonly probe: (pids: readonly number[], timeoutMs: number) => Promise<RestingBackends>;
  readonly clock?: Clock;
}

/**
 * Destroys connections that are dead without having been closed. Nothing arrives on them any more, and callers would wait for
 * minutes until TCP or the time limit of a statement ends them. There are two kinds:
 * - The database host vanished. When a statement takes long, the watchdog asks the database on a new connection. If that
 *   gets no answer either, all statements under way fail.
 * - Something in between, such as a firewall, has forgotten the connection, while new ones work. The database then says that
 *   the backend waits for a statement, although this process waits for an answer. If it says the same again after a while in
 *   which this process could have read an answer, the statement fails, and idle connections are replaced.
 * A statement that is only slow is left alone.
 */
export function startDeadPeerWatchdog(
  pool: pg.Pool,
  { silenceMs, probe, clock = systemClock }: DeadPeerOptions,
): void {
  const acquiredAtMs = new Map<pg.PoolClient, number>();
  /** The connections whose backends waited for a statement at the last check, and since when. */
  let resting = new Map<pg.PoolClient, string>();
  let timer: NodeJS.Timeout | undefined;
  let isChecking = false;

  async function check(): Promise<void> {
    const startedAtMs = clock.now();
    const overdue = [...acquiredAtMs].filter(([, atMs]) => startedAtMs - atMs >= silenceMs);
    if (isChecking || overdue.length === 0) return;
    isChecking = true;
    const pids = overdue.flatMap(([connection]) => processIdOf(connection) ?? []);
    const answer = await probe(pids, silenceMs);
    isChecking = false;
    const wasResting = resting;
    resting = new Map();
    // If this process itself was frozen, the timeout fires although the answer has arrived and is only unread.
    if (clock.now() - startedAtMs > 2 * silenceMs) return;
    if (answer === null) return destroyAll(startedAtMs);
    resting = new Map(overdue.flatMap((entry) => restingSince(entry, answer)));
    const dead = [...resting].filter(([connection, since]) => wasResting.get(connection) === since);
    for (const [connection] of dead) destroySocket(connection);
    if (dead.length > 0) replaceIdle(pool);
  }

  /** None for a connection that was released meanwhile, and perhaps acquired again. */
  function restingSince(
    [connection, atMs]: readonly [pg.PoolClient, number],
    answer: NonNullable<RestingBackends>,
  ): [pg.PoolClient, string][] {
    const since = answer.get(processIdOf(connection) ?? -1);
    return since !== undefined && acquiredAtMs.get(connection) === atMs ? [[connection, since]] : [];
  }

  function destroyAll(acquiredUntilMs: number): void {
    for (const [connection, atMs] of acquiredAtMs) if (atMs <= acquiredUntilMs) destroySocket(connection);
  }

  pool.on('acquire', (connection) => {
    acquiredAtMs.set(connection, clock.now());
    timer ??= setInterval(() => void check(), silenceMs / 4).unref();
  });
  pool.on('release', (_error, connection) => {
    acquiredAtMs.delete(connection);
    resting.delete(connection);
    if (acquiredAtMs.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  });
}

/** The idle connections may be dead too, and each would cost one statement its time before it is given up. */
function replaceIdle(pool: pg.Pool): void {
  for (let idle = pool.idleCount; idle > 0; idle -= 1) {
    // An idle connection is handed out at once.
    pool.connect().then(
      (connection) => {
        destroySocket(connection);
        connection.release(true);
      },
      () => undefined,
    );
  }
}

/** The statements under way fail as in any outage. `end` would wait for the answers to pipelined statements. */
function destroySocket({ connection }: pg.PoolClient): void {
  connection.stream.destroy();
}
