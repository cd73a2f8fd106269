import type { PoolClient } from 'pg';
import type { Executor } from './statement.js';

/** One connection in pipeline mode: the next statement may be sent before the last one is answered. */
export interface PipelinedConnection {
  /** Whether one more statement may be sent now. Always true if none is under way. */
  hasRoom(): boolean;
  /** Each statement is a transaction of its own. PostgreSQL runs it after those that were sent before. */
  run<Result>(statement: (connection: Executor) => Promise<Result>): Promise<Result>;
  /**
   * Registers a sender, which is called when a statement has ended and one more may be sent. It returns whether it has sent
   * one. Senders take turns, so that a busy one delays the others by one statement at most.
   * @returns the function that removes it.
   */
  onRoom(send: () => boolean): () => void;
}

/** Statements under way at once. Two keep PostgreSQL busy while this process reads one answer and builds the next statement. */
const MAX_UNDER_WAY = 2;

/**
 * Statements after which the connection is released once none is under way. The dead-peer watchdog measures how long a
 * connection is in use, and would take a busy pipeline for one statement that hangs.
 */
const MAX_STATEMENTS = 50;

/** @param acquire - returns a connection of a pool in pipeline mode. */
export function createPipelinedConnection(acquire: () => Promise<PoolClient>): PipelinedConnection {
  let acquired: Promise<PoolClient> | undefined;
  let underWay = 0;
  let sent = 0;
  /** The one that sent last is the last. */
  const senders = new Set<() => boolean>();
  const hasRoom = () => underWay === 0 || (underWay < MAX_UNDER_WAY && sent < MAX_STATEMENTS);

  function offerRoom(): void {
    for (const send of [...senders]) {
      if (!hasRoom()) return;
      if (senders.has(send) && send()) {
        senders.delete(send);
        senders.add(send);
      }
    }
  }

  return {
    hasRoom,
    onRoom(send) {
      senders.add(send);
      return () => senders.delete(send);
    },
    async run(statement) {
      acquired ??= acquire();
      const acquiring = acquired;
      underWay += 1;
      sent += 1;
      let connection: PoolClient | undefined;
      let failure: Error | undefined;
      try {
        connection = await acquiring;
        return await statement(connection);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        // The connection may be about to break, so no further statement is sent on it.
        sent = MAX_STATEMENTS;
        throw error;
      } finally {
        underWay -= 1;
        if (underWay === 0) {
          acquired = undefined;
          sent = 0;
          connection?.release(failure);
        }
        offerRoom();
      }
    },
  };
}
