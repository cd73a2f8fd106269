import { getDatamodel } from '../../generated/pothos-types.js';
import { toSnake } from '../../postgres/sql-assignments.js';
import { identifier, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';

/** Columns by the names that rows have; `*` stands for all of them. */
export type Columns<Row> = '*' | readonly (keyof Row & string)[];

/** The models of the Prisma schema whose rows are read in this way. */
export type ModelName =
  | 'Agent'
  | 'ApiKey'
  | 'Comment'
  | 'Event'
  | 'Pipeline'
  | 'PipelineRun'
  | 'QualityReview'
  | 'RecurringFiring'
  | 'RecurringTask'
  | 'ReviewRun'
  | 'Task'
  | 'TaskRun';

/**
 * Some columns of a table, to be read as JSON: a row is an array of values. One value for a whole list, parsed by the
 * engine itself, takes a third of the time that the driver takes for fifty rows value by value.
 */
export interface RowShape<Row> {
  /** `t.id`, `t.…`: what a query must deliver. */
  readonly columns: readonly string[];
  /** The row `t` as JSON. */
  readonly json: Sql;
  readonly parse: (cell: unknown) => Row;
  readonly companions?: Companions<Row>;
}

/** What the rows of a list refer to, read with them by the same statement. */
export interface Companions<Row> {
  /** One JSON value, from the rows of the list, which are `page` here. */
  readonly json: Sql;
  /** Gives each row what is its. */
  attach(rows: readonly Row[], companions: unknown): void;
}

/** How a value gets through JSON that has no place for it. */
interface Passage {
  /** What stands in the JSON. */
  readonly write: (column: string) => string;
  readonly read: (value: unknown) => unknown;
}

/** By Prisma's name of the column's type. */
const PASSAGES: Readonly<Record<string, Passage>> = {
  // JSON's numbers end at 2^53.
  BigInt: { write: (column) => `${column}::text`, read: (value) => BigInt(value as string) },
  // In milliseconds, rounded because a double says 0.1 as 0.0999…; dates as text took a tenth of a list's time.
  DateTime: {
    write: (column) => `date_part('epoch', ${column}) * 1000`,
    read: (value) => new Date(Math.round(value as number)),
  },
};

const { models } = getDatamodel().datamodel;
const REMEMBERED = new Map<string, RowShape<unknown>>();

/** The shape of a model's rows with these columns; the id is always among them. */
export function shapeOf<Row>(model: ModelName, columns: Columns<Row>): RowShape<Row> {
  const key = `${model}:${columns}`;
  let shape = REMEMBERED.get(key) as RowShape<Row> | undefined;
  if (shape === undefined) {
    shape = createShape<Row>(model, columns);
    // There are as many as selections in the documents of clients: keep some.
    if (REMEMBERED.size < 1_000) REMEMBERED.set(key, shape);
  }
  return shape;
}

/** The columns that serve every one of several wishes, in a fixed order, so that equal wishes make equal statements. */
export function columnsForAll<Row>(wishes: readonly Columns<Row>[]): Columns<Row> {
  const [first] = wishes;
  if (first !== undefined && wishes.every((wish) => wish === first)) return first;
  const names = new Set<keyof Row & string>();
  for (const wish of wishes) {
    if (wish === '*') return '*';
    for (const name of wish) names.add(name);
  }
  return [...names].sort();
}

/** The rows of `source`, a query that delivers the columns of the shape, in its order. */
export async function readRows<Row>(executor: Executor, shape: RowShape<Row>, source: Sql): Promise<Row[]> {
  const [result] = await query<{ rows: unknown }>(
    executor,
    toStatement(sql`SELECT ${rowsOf(shape, source)} AS rows`),
  );
  return parseRows(shape, result?.rows);
}

/** The rows of a query, and their companions, as one JSON value for {@link parseRows}. */
export function rowsOf<Row>({ json, companions }: RowShape<Row>, source: Sql): Sql {
  if (companions === undefined) return sql`(SELECT json_agg(${json}) FROM (${source}) t)`;
  return sql`(WITH page AS MATERIALIZED (${source})
    SELECT json_build_array((SELECT json_agg(${json}) FROM page t), ${companions.json}))`;
}

/** The one row of a query as a JSON value for the shape's `parse`. */
export function rowOf<Row>({ json }: RowShape<Row>, source: Sql): Sql {
  return sql`(SELECT ${json} FROM (${source}) t)`;
}

/** @param value - what {@link rowsOf} gave; JSON has null for the list of no rows. */
export function parseRows<Row>({ parse, companions }: RowShape<Row>, value: unknown): Row[] {
  if (companions === undefined) return ((value ?? []) as unknown[]).map(parse);
  const [cells, others] = value as [unknown[] | null, unknown];
  const rows = (cells ?? []).map(parse);
  companions.attach(rows, others);
  return rows;
}

function createShape<Row>(model: ModelName, wanted: Columns<Row>): RowShape<Row> {
  const fields = (models[model]?.fields ?? []).filter(
    (field) => field.kind !== 'object' && field.type !== 'Bytes',
  );
  const chosen = fields.filter(
    ({ name }) => wanted === '*' || name === 'id' || wanted.includes(name as keyof Row & string),
  );
  const columns = chosen.map(({ name }) => `t.${toSnake(name)}`);
  const names = chosen.map(({ name }) => name);
  const passages = chosen.map(({ type }) => PASSAGES[type]);
  const written = columns.map((column, i) => passages[i]?.write(column) ?? column);
  return {
    columns,
    json: identifier(`json_build_array(${written.join(', ')})`),
    parse: (cell) => toRow(cell as unknown[], names, passages) as Row,
  };
}

function toRow(
  cells: readonly unknown[],
  names: readonly string[],
  passages: readonly (Passage | undefined)[],
): object {
  const row: Record<string, unknown> = {};
  for (let i = 0; i < names.length; i += 1) {
    const cell = cells[i];
    const passage = passages[i];
    row[names[i] ?? ''] = passage === undefined || cell === null ? cell : passage.read(cell);
  }
  return row;
}
