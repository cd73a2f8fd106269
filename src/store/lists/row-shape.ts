import { getDatamodel } from '../../generated/pothos-types.js';
import { toSnake } from '../../postgres/sql-assignments.js';
import { identifier, type Sql, type StatementUse, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';

/** Columns by the property names of the row; `*` means all. */
export type Columns<Row> = '*' | readonly (keyof Row & string)[];

/** The Prisma models whose rows are read as JSON. */
export type ModelName =
  | 'Agent'
  | 'ApiKey'
  | 'Comment'
  | 'Event'
  | 'Pipeline'
  | 'PipelineRun'
  | 'QualityReview'
  | 'Question'
  | 'RecurringFiring'
  | 'RecurringTask'
  | 'ReviewRun'
  | 'Task'
  | 'TaskRun'
  | 'Webhook'
  | 'WebhookDelivery';

/**
 * Columns of a table that are read as JSON. One JSON value for a list of fifty rows takes a third of the time that the driver
 * needs for single values.
 */
export interface RowShape<Row> {
  /** The columns that a query must select: `t.id`, `t.…`. */
  readonly columns: readonly string[];
  /** The row `t` as a JSON array of its values. */
  readonly json: Sql;
  /** The rows `t` as a JSON array of their columns. */
  readonly jsonOfColumns: Sql;
  readonly parse: (cells: unknown) => Row;
  /** Parses the columns of rows. */
  readonly parseColumns: (columns: unknown) => Row[];
  readonly companions?: Companions<Row>;
}

/** Related rows that the same statement reads together with a list. */
export interface Companions<Row> {
  /** What the related rows are found by, as an aggregate of the rows `t`. */
  readonly keys: Sql;
  /** The related rows as one JSON value, found by `page.keys`. */
  readonly json: Sql;
  /** Attaches the related rows to each row. */
  attach(rows: readonly Row[], companions: unknown): void;
}

/** The conversion of a type that JSON cannot represent. */
interface Conversion {
  /** The SQL expression of the JSON value. */
  readonly write: (column: string) => string;
  readonly read: (value: unknown) => unknown;
}

/** The conversions by Prisma's name of the column type. */
const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  // JSON numbers are exact only up to 2^53.
  BigInt: { write: (column) => `${column}::text`, read: (value) => BigInt(value as string) },
  // Milliseconds, rounded because of floating-point errors. Parsing dates as text took a tenth of the time of a list.
  DateTime: {
    write: (column) => `date_part('epoch', ${column}) * 1000`,
    read: (value) => new Date(Math.round(value as number)),
  },
};

const { models } = getDatamodel().datamodel;
const SHAPES = new Map<string, RowShape<unknown>>();

/** The shape of a model's rows with these columns; the id is always included. */
export function shapeOf<Row>(model: ModelName, columns: Columns<Row>): RowShape<Row> {
  const key = `${model}:${columns}`;
  let shape = SHAPES.get(key) as RowShape<Row> | undefined;
  if (shape === undefined) {
    shape = createShape<Row>(model, columns);
    // Client documents may contain any number of different selections, so the cache is limited.
    if (SHAPES.size < 1_000) SHAPES.set(key, shape);
  }
  return shape;
}

/** The union of several column selections, sorted so that equal selections produce equal statements. */
export function columnsForAll<Row>(selections: readonly Columns<Row>[]): Columns<Row> {
  const [first] = selections;
  if (first !== undefined && selections.every((selection) => selection === first)) return first;
  const names = new Set<keyof Row & string>();
  for (const selection of selections) {
    if (selection === '*') return '*';
    for (const name of selection) names.add(name);
  }
  return [...names].sort();
}

/** Reads the rows of `source`, a query that selects the columns of the shape, in its order. */
export async function readRows<Row>(
  executor: Executor,
  shape: RowShape<Row>,
  source: Sql,
  use: StatementUse = 'list',
): Promise<Row[]> {
  const statement = toStatement(sql`SELECT ${rowsOf(shape, source)} AS rows`, use);
  const [result] = await query<{ rows: unknown }>(executor, statement);
  return parseRows(shape, result?.rows);
}

/** As {@link readRows}, for a page of a list. Also returns the length of what was read. */
export async function readPage<Row>(
  executor: Executor,
  shape: RowShape<Row>,
  source: Sql,
  use: StatementUse,
): Promise<{ readonly rows: Row[]; readonly textLength: number }> {
  const statement = toStatement(sql`SELECT ${columnsOf(shape, source)}::text AS columns`, use);
  // As text, whose length is known before it is parsed.
  const [result] = await query<{ columns: string }>(executor, statement);
  const { columns } = result ?? { columns: '[]' };
  return { rows: parseColumns(shape, JSON.parse(columns)), textLength: columns.length };
}

/** SQL: the rows of a query and their companions as one JSON value for {@link parseRows}. For few rows, and for many short lists. */
export function rowsOf<Row>(shape: RowShape<Row>, source: Sql): Sql {
  return withCompanions(shape, sql`json_agg(${shape.json})`, source);
}

/**
 * SQL: as {@link rowsOf}, for {@link parseColumns}. For fifty rows PostgreSQL takes half of the time that it takes for an array of
 * each row, and for fewer than four rows more.
 */
function columnsOf<Row>(shape: RowShape<Row>, source: Sql): Sql {
  return withCompanions(shape, shape.jsonOfColumns, source);
}

function withCompanions<Row>({ companions }: RowShape<Row>, rows: Sql, source: Sql): Sql {
  if (companions === undefined) return sql`(SELECT ${rows} FROM (${source}) t)`;
  return sql`(SELECT json_build_array(page.rows, ${companions.json})
    FROM (SELECT ${rows} AS rows, ${companions.keys} AS keys FROM (${source}) t) page)`;
}

/** SQL: the single row of a query as a JSON value for the `parse` of the shape. */
export function rowOf<Row>({ json }: RowShape<Row>, source: Sql): Sql {
  return sql`(SELECT ${json} FROM (${source}) t)`;
}

/** Parses rows. @param value - the result of {@link rowsOf}; null for an empty list. */
export function parseRows<Row>({ parse, companions }: RowShape<Row>, value: unknown): Row[] {
  return parseWithCompanions(companions, value, (cells) => ((cells ?? []) as unknown[]).map(parse));
}

/** Parses rows. @param value - the result of {@link columnsOf}. */
function parseColumns<Row>(shape: RowShape<Row>, value: unknown): Row[] {
  return parseWithCompanions(shape.companions, value, shape.parseColumns);
}

function parseWithCompanions<Row>(
  companions: Companions<Row> | undefined,
  value: unknown,
  parse: (rows: unknown) => Row[],
): Row[] {
  if (companions === undefined) return parse(value);
  const [own, others] = value as [unknown, unknown];
  const rows = parse(own);
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
  const conversions = chosen.map(({ type }) => CONVERSIONS[type]);
  const written = columns.map((column, i) => conversions[i]?.write(column) ?? column);
  const parsed = chosen.map(({ name }, i) => ({ name, read: conversions[i]?.read }));
  return {
    columns,
    json: identifier(`json_build_array(${written.join(', ')})`),
    jsonOfColumns: identifier(
      `json_build_array(${written.map((column) => `json_agg(${column})`).join(', ')})`,
    ),
    parse: generateRow<[unknown]>(parsed, 'cells', (index) => `cells[${index}]`) as (cells: unknown) => Row,
    parseColumns: createColumnParser(parsed),
  };
}

interface ParsedColumn {
  readonly name: string;
  readonly read: Conversion['read'] | undefined;
}

/**
 * Creates the function that makes a row of its values. It is generated, because one literal takes a fifth of the time of a dozen
 * assignments. The code contains names of the data model only.
 *
 * @param parameters - those of the function.
 * @param cellOf - the code of a value.
 */
function generateRow<Parameters extends unknown[]>(
  columns: readonly ParsedColumn[],
  parameters: string,
  cellOf: (index: number) => string,
): (...values: Parameters) => unknown {
  const members = columns.map(({ name, read }, index) => {
    const cell = cellOf(index);
    return `${name}: ${read === undefined ? cell : `${cell} === null ? null : columns[${index}].read(${cell})`}`;
  });
  const generated = new Function('columns', `return (${parameters}) => ({ ${members.join(', ')} });`);
  return generated(columns);
}

/** The function that parses the columns of rows, each of which is null if there are no rows. */
function createColumnParser<Row>(columns: readonly ParsedColumn[]): (cells: unknown) => Row[] {
  const toRow = generateRow<[unknown, number]>(columns, 'cells, at', (index) => `cells[${index}][at]`);
  return (cells) => {
    const [first] = cells as readonly [readonly unknown[] | null];
    const rows: Row[] = [];
    for (let at = 0; at < (first?.length ?? 0); at += 1) rows.push(toRow(cells, at) as Row);
    return rows;
  };
}
