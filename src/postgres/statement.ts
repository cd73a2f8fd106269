import type { ClientBase, Pool } from 'pg';
import { Unavailable } from '../kernel/unavailable.js';
import { forgetPreparedNames, preparedNameOf } from './prepared-names.js';

/** One SQL statement with its values. A connection prepares a named statement once and keeps its plan. */
export interface Statement {
  /** What the statement does, for readers of `pg_prepared_statements`. Omitted for text that varies. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Where a statement can run: the pool, or the connection of a transaction. */
export type Executor = Pick<Pool, 'query'> | Pick<ClientBase, 'query'>;

const CAMEL = new Map<string, string>();

/** snake_case → camelCase. The results are cached: there are a few dozen column names. */
function toCamel(column: string): string {
  let name = CAMEL.get(column);
  if (name === undefined) {
    name = column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    CAMEL.set(column, name);
  }
  return name;
}

/**
 * Runs a statement and returns its rows with camelCase names. The compiler does not check the row type: a test that runs
 * every statement against the real schema does.
 *
 * @throws Unavailable if a newer server has changed the tables since the statement was prepared. PostgreSQL has not begun to
 * run it, and a retry prepares it again.
 */
export async function query<Row extends object>(
  executor: Executor,
  { name, text, values = [] }: Statement,
): Promise<Row[]> {
  const config = {
    name: name === undefined ? undefined : preparedNameOf(name, text),
    text,
    values: [...values],
    rowMode: 'array' as const,
  };
  const result = await executor.query(config).catch(refuseChangedTables);
  const names = result.fields.map((field) => toCamel(field.name));
  return result.rows.map((cells: unknown[]) => {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i += 1) row[names[i] ?? ''] = cells[i];
    return row as Row;
  });
}

function refuseChangedTables(error: unknown): never {
  if (!(error instanceof Error) || !error.message.includes('cached plan must not change result type'))
    throw error;
  forgetPreparedNames();
  throw new Unavailable('A newer server has changed the tables: retry soon.', { cause: error });
}
