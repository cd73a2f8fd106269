import { allOf, identifier, joinSql, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type List, useOf } from './keyset.js';
import { wholeOf } from './list-parts.js';

/** The number of rows of a list with the same value. */
export interface GroupCount {
  readonly key: string | null;
  readonly count: number;
}

/** A value of the rows `t`. */
export interface GroupKey {
  /** The value. Enums are compared as such, which takes a third of the time of texts. */
  readonly sql: Sql;
  /** All values as literals, if they are few. Where indexes know them, a count of each takes half the time of one that groups them. */
  readonly values?: readonly string[];
  /** What is joined to each row to find it. */
  readonly from?: Sql;
}

/** Counts the rows of a list by a value: the `limit` largest groups, the largest first. Each branch may be answered by an index. */
export async function countGroups<Row>(
  executor: Executor,
  list: List<Row>,
  key: GroupKey,
  limit: number,
): Promise<GroupCount[]> {
  const { from, where, parts = [wholeOf(list)] } = list;
  const joined = sql`${identifier(from)}${key.from ?? sql``}`;
  const rows = parts
    .flatMap(({ branches }) => branches)
    .map((branch) => sql`${joined} WHERE ${allOf([branch.where, where])}`);
  // A filter by other values has to read rows, and reads them once.
  const counts =
    key.values && !list.isPlannedByValues
      ? rows.flatMap((each) => (key.values ?? []).map((value) => countOf(each, key, identifier(value))))
      : rows.map((each) => sql`SELECT ${key.sql} AS key, count(*) AS count FROM ${each} GROUP BY 1`);
  return query<GroupCount>(
    executor,
    toStatement(
      sql`SELECT key::text AS key, sum(count)::int AS count FROM (${joinSql(counts, ' UNION ALL ')}) counts
        GROUP BY key ORDER BY count DESC, key LIMIT ${identifier(String(limit))}`,
      useOf(list),
    ),
  );
}

function countOf(rows: Sql, key: GroupKey, value: Sql): Sql {
  return sql`SELECT ${value} AS key, count(*) AS count FROM ${rows} AND ${key.sql} = ${value} HAVING count(*) > 0`;
}
