import type { ClientBase, Pool } from 'pg';

/** One named SQL statement with its values. PostgreSQL keeps the plan of a named statement for the connection. */
export interface Statement {
  /** Unique over the code base; leave it out for text that varies. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** Where a statement can run: the pool, or the connection of a transaction. */
export type Executor = Pick<Pool, 'query'> | Pick<ClientBase, 'query'>;

const CAMEL = new Map<string, string>();

/** snake_case → camelCase, remembered, for the few dozen column names there are. */
function toCamel(column: string): string {
  let name = CAMEL.get(column);
  if (name === undefined) {
    name = column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    CAMEL.set(column, name);
  }
  return name;
}

/**
 * Runs a statement and returns its rows with camelCase names. The row type is the caller's promise; the test that runs
 * every statement against the real schema keeps it.
 */
export async function query<Row extends object>(executor: Executor, statement: Statement): Promise<Row[]> {
  const result = await executor.query({
    ...(statement.name === undefined ? {} : { name: statement.name }),
    text: statement.text,
    values: statement.values === undefined ? [] : [...statement.values],
    rowMode: 'array',
  });
  const names = result.fields.map((field) => toCamel(field.name));
  return result.rows.map((cells: unknown[]) => {
    const row: Record<string, unknown> = {};
    for (let i = 0; i < names.length; i += 1) row[names[i] ?? ''] = cells[i];
    return row as Row;
  });
}
