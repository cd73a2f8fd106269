import type { PoolClient } from 'pg';
import type { Executor } from './statement.js';

/** Statements in a line on one connection: the next may be sent before the last is answered. */
export interface StatementLine {
  /** Whether one more may be sent now; always true for the first. */
  hasRoom(): boolean;
  /** Each statement is a transaction of its own, and is run after those that were sent before. */
  run<Result>(statement: (connection: Executor) => Promise<Result>): Promise<Result>;
}

/** As many keep PostgreSQL busy while this process reads one answer and makes the next statement. */
const DEPTH = 2;

/**
 * So many statements later the connection is given back as soon as none is under way: it would look as if one statement
 * took for ever to whoever watches for connections that have gone silent.
 */
const TURNS = 50;

/** @param lend - gives a connection in pipeline mode. */
export function createStatementLine(lend: () => Promise<PoolClient>): StatementLine {
  let lent: Promise<PoolClient> | undefined;
  let open = 0;
  let turns = 0;
  return {
    hasRoom: () => open === 0 || (open < DEPTH && turns < TURNS),
    async run(statement) {
      lent ??= lend();
      const lending = lent;
      open += 1;
      turns += 1;
      let connection: PoolClient | undefined;
      let failure: Error | undefined;
      try {
        connection = await lending;
        return await statement(connection);
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        // It may be about to break: nobody else is sent down the same one.
        turns = TURNS;
        throw error;
      } finally {
        open -= 1;
        if (open === 0) {
          lent = undefined;
          turns = 0;
          connection?.release(failure);
        }
      }
    },
  };
}
