import type { Pool, PoolClient } from 'pg';
import type { Instrument } from '../kernel/instrument.js';

/** The one connection of the claims. */
export interface ClaimConnection {
  lend(): Promise<PoolClient>;
  /** Opens it if need be. False while it can't be had. */
  isThere(): Promise<boolean>;
  stop(): void;
}

export interface ClaimConnectionOptions {
  /** Of one connection. */
  readonly pool: Pool;
  /** Whether PostgreSQL answers on connections that others have. */
  readonly isAnswering: () => Promise<boolean>;
  readonly instrument: Instrument;
  /** How long to wait before the next try, in milliseconds. */
  readonly retryMs?: number;
}

/**
 * PostgreSQL may have no connection left for claims while it serves everything else on those that are open. So this
 * goes on trying until there is one, also if nobody claims, and says once that it is missing and once that it is there.
 */
export function createClaimConnection({
  pool,
  isAnswering,
  instrument,
  retryMs = 1_000,
}: ClaimConnectionOptions): ClaimConnection {
  let retry: NodeJS.Timeout | undefined;
  let hasTold = false;
  let isStopping = false;

  async function lend(): Promise<PoolClient> {
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
    // Asked before and after: while PostgreSQL stops or starts, one may be refused and the next let in.
    const wasAnswering = !hasTold && (await isAnswering());
    try {
      (await pool.connect()).release();
      noteSuccess();
    } catch (error) {
      const isAlone = wasAnswering && (await isAnswering());
      if (retry === undefined || isStopping) return;
      if (isAlone) tell(error);
      retry.refresh();
    }
  }

  function tell(error: unknown): void {
    hasTold = true;
    const message =
      'PostgreSQL serves the rest but gives claims no connection, so they are refused: ' +
      'end connections of others, or raise max_connections or the limit of the role or database';
    instrument.emit('warn', 'claim.no_connection', message, { error });
  }

  function noteSuccess(): void {
    clearTimeout(retry);
    retry = undefined;
    if (hasTold) instrument.emit('info', 'claim.connection_found', 'Claims have a connection again');
    hasTold = false;
  }

  return {
    lend,
    async isThere() {
      if (retry !== undefined) return false;
      if (pool.totalCount > 0) return true;
      return lend().then(
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
