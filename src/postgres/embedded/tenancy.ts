import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Instrument } from '../../kernel/instrument.js';
import { withSignal } from '../../kernel/with-signal.js';
import type { Address } from './address.js';
import { type Joined, joinCluster, tenancyLock } from './join.js';
import type { Cluster } from './launch.js';
import { findPostmasterFile, isPostmasterAlive } from './postmaster-file.js';
import { stopPostmaster } from './stop-postmaster.js';

const retryMs = 1_000;

/** How long leaving waits for an answer of PostgreSQL, in milliseconds. */
const answerMs = 2_000;

/** This process's use of a cluster that it may share with other servers. */
export interface Tenancy {
  readonly address: Address;
  /** Ends the use of the cluster, and stops the cluster unless another tenant remains. */
  leave(): Promise<void>;
}

export interface TenancyTimeouts {
  readonly startTimeoutMs: number;
  /** How long leaving waits for PostgreSQL to end, in milliseconds. */
  readonly stopTimeoutMs: number;
}

/**
 * Makes this process a tenant until it leaves. If the connection is lost, because PostgreSQL crashed or was stopped, the
 * process joins again. That starts PostgreSQL if necessary, at the same address, so that the pool can reconnect.
 */
export async function openTenancy(
  cluster: Cluster,
  instrument: Instrument,
  { startTimeoutMs, stopTimeoutMs }: TenancyTimeouts,
): Promise<Tenancy> {
  const leaving = new AbortController();
  const join = (port: number | null) =>
    withSignal(leaving.signal, startTimeoutMs, (signal) => joinCluster(cluster, port, signal));

  let current: Joined | null = await join(null);
  let rejoining: Promise<void> = Promise.resolve();
  const { address } = current;
  const port = address.kind === 'port' ? address.port : null;
  report(instrument, current, cluster);

  const watch = ({ client }: Joined) =>
    client.once('end', () => {
      current = null;
      if (!leaving.signal.aborted) rejoining = rejoin();
    });
  const rejoin = async () => {
    instrument.emit('warn', 'postgres.lost', 'Lost the embedded PostgreSQL; joining it again', {
      folder: cluster.folder,
    });
    while (!leaving.signal.aborted && current === null) {
      try {
        current = await join(port);
        watch(current);
        report(instrument, current, cluster);
      } catch (error) {
        if (leaving.signal.aborted) return;
        instrument.emit('error', 'postgres.rejoin_failed', 'Could not join the embedded PostgreSQL', {
          error,
        });
        await delay(retryMs, undefined, { signal: leaving.signal }).catch(() => undefined);
      }
    }
  };
  watch(current);

  return {
    address,
    leave: async () => {
      leaving.abort();
      // The attempt under way may wait for a PostgreSQL that does not answer.
      await Promise.race([rejoining, delay(answerMs, undefined, { ref: false })]);
      if (current) await endTenancy(current.client, cluster, instrument, stopTimeoutMs);
    },
  };
}

/**
 * Stops the cluster if it has no other tenant. The lock decides: a process that gets it exclusively is the only tenant. It
 * holds the lock until PostgreSQL ends; a server that starts meanwhile waits for the lock, loses its connection and starts
 * PostgreSQL again. Killed tenants hold no lock. Of two that leave at the same time the later one gets the lock.
 */
async function endTenancy(
  client: pg.Client,
  cluster: Cluster,
  instrument: Instrument,
  stopTimeoutMs: number,
): Promise<void> {
  try {
    const { rows } = await client.query<{ alone: boolean }>({
      text: 'SELECT pg_advisory_unlock_shared($1), pg_try_advisory_lock($1) AS alone',
      values: [tenancyLock],
      query_timeout: answerMs,
    } as pg.QueryConfig);
    if (!rows[0]?.alone) {
      instrument.emit('info', 'postgres.left', 'Left the embedded PostgreSQL running for another server');
      return;
    }
    const stopped = await stopPostmaster(cluster, stopTimeoutMs);
    if (stopped) instrument.emit('info', 'postgres.stopped', 'Stopped the embedded PostgreSQL');
    else instrument.emit('warn', 'postgres.slow_stop', 'The embedded PostgreSQL is still busy stopping');
  } catch (error) {
    const file = await findPostmasterFile(cluster.folder);
    if (file !== null && (await isPostmasterAlive(file, cluster.folder)))
      instrument.emit(
        'warn',
        'postgres.not_stopped',
        `The embedded PostgreSQL does not answer and is left running: the next start uses it, kill -INT ${file.pid} stops it`,
        { error },
      );
    else
      instrument.emit('warn', 'postgres.gone', 'The embedded PostgreSQL was gone before it was stopped', {
        error,
      });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function report(instrument: Instrument, joined: Joined, cluster: Cluster): void {
  const facts = { folder: cluster.folder, address: joined.address };
  if (joined.launched) instrument.emit('info', 'postgres.started', 'Started the embedded PostgreSQL', facts);
  else instrument.emit('info', 'postgres.found', 'Found the embedded PostgreSQL running', facts);
}
