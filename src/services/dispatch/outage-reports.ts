import { SYSTEM } from '../../domain/actor.js';
import { LIMITS } from '../../domain/limits.js';
import type { Instrument } from '../../kernel/instrument.js';
import type { Database } from '../../postgres/database.js';
import { inTransaction } from '../../postgres/transaction.js';
import { forgetOutage, type GatewayOutageRow, noteOutage } from '../../store/dispatch/gateway-outages.js';
import { createOutageLog } from './outage-log.js';

/** Where outages are reported: the log, and rows for readers in any process. */
interface OutageReportsOptions {
  readonly database: Database;
  readonly instrument: Instrument;
}

/**
 * Reports the outages of gateways. The rows are written one after the other, and a write that fails has no consequence:
 * without a database there are no readers. A row expires after `forMs` unless it is written again. Each change of a state is an
 * event of the log, by which readers in every process learn of it at once.
 */
export function createOutageReports({ database, instrument }: OutageReportsOptions, forMs: number) {
  const log = createOutageLog(instrument);
  let writing: Promise<void> = Promise.resolve();

  function write(work: () => Promise<void>): void {
    writing = writing
      .then(work)
      .catch((error: unknown) =>
        instrument.emit('debug', 'gateway.outage_not_written', 'An outage could not be noted', { error }),
      );
  }

  return {
    /** Logs an outage that was not logged yet, and writes or renews its row. */
    note(outage: GatewayOutageRow): void {
      log.noteOutage(outage);
      const { gateway, error: message, remedy } = outage;
      const type = remedy === null ? 'gateway.unreachable' : 'gateway.broken';
      write(() =>
        inTransaction(database, async (tx) => {
          const isNew = await noteOutage(tx, { ...outage, forMs });
          const words = remedy === null ? message : `${message} ${remedy}`;
          if (isNew)
            tx.emit({
              type,
              actor: SYSTEM,
              payload: { gateway, message: words.slice(0, LIMITS.progressLength) },
            });
        }),
      );
    },
    /** The outage is over: logs it and deletes the row. */
    end(gateway: string): void {
      log.noteEnd(gateway);
      write(() =>
        inTransaction(database, async (tx) => {
          const wasOut = await forgetOutage(tx, gateway);
          if (wasOut) tx.emit({ type: 'gateway.reachable', actor: SYSTEM, payload: { gateway } });
        }),
      );
    },
    /** Resolves when all rows are written. */
    written: () => writing,
  };
}

/** Reports of one process. */
export type OutageReports = ReturnType<typeof createOutageReports>;
