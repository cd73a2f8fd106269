import type { Pool, PoolClient } from 'pg';
import type { Instrument } from '../kernel/instrument.js';

/** Acquires the one connection that is reserved for claims. */
export interface ClaimConnectionSource {
  /** The caller releases the connection. Rejects if PostgreSQL refuses it. */
  acquire(): Promise<PoolClient>;
  /** Whether the connection is open; opens it if it is not. */
  isAvailable(): Promise<boolean>;
  stop(): void;
}

export interface ClaimConnectionOptions {
  /** A pool of one connection. */
  readonly pool: Pool;
  /** Whether PostgreSQL answers on the connections of the other pool. */
  readonly isAnswering: () => Promise<boolean>;
  readonly instrument: Instrument;
  /** How long to wait before the next try, in milliseconds. */
  readonly retryMs?: number;
}

/**
 * Creates the source of the claim connection. PostgreSQL may have no connection left for claims while it serves everything
 * else on connections that are open. So after a failure the source retries until it gets one, even if no claim arrives. It
 * logs once that the connection is missing and once that it is back.
 */
export function createClaimConnectionSource({
  pool,
  isAnswering,
  instrument,
  retryMs = 1_000,
}: ClaimConnectionOptions): ClaimConnectionSource {
  let retry: NodeJS.Timeout | undefined;
  let hasReported = false;
  let isStopping = false;

  async function acquire(): Promise<PoolClient> {
    try {
      const connection = await pool.connect();
      noteSuccess();
      return connection;
    } catch (error) {
      if (!isStopping) retry ??= setTimeout(() => void tryAgain(), retryMs).unref();
      throw error;
    }
  }

  async function tryAgain(): Promise<void> {
    // Checked before and after: while PostgreSQL stops or starts, it may refuse one connection and accept the next.
    const wasAnswering = !hasReported && (await isAnswering());
    try {
      (await pool.connect()).release();
      noteSuccess();
    } catch (error) {
      const isOnlyClaims = wasAnswering && (await isAnswering());
      if (retry === undefined || isStopping) return;
      if (isOnlyClaims) reportMissing(error);
      retry.refresh();
    }
  }

  function reportMissing(error: unknown): void {
    hasReported = true;
    const message =
      'PostgreSQL answers but refuses the connection for claims, so claims are refused: ' +
      'end other connections, or raise max_connections or the limit of the role or database';
    instrument.emit('warn', 'claim.no_connection', message, { error });
  }

  function noteSuccess(): void {
    clearTimeout(retry);
    retry = undefined;
    if (hasReported) instrument.emit('info', 'claim.connection_found', 'Claims have a connection again');
    hasReported = false;
  }

  return {
    acquire,
    async isAvailable() {
      if (retry !== undefined) return false;
      if (pool.totalCount > 0) return true;
      return acquire().then(
        (connection) => {
          connection.release();
          return true;
        },
        () => false,
      );
    },
    stop() {
      isStopping = true;
      clearTimeout(retry);
    },
  };
}
