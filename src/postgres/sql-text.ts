import { Prisma } from '../generated/prisma/client.js';
import type { Statement } from './statement.js';

/** A fragment of SQL with its values. Fragments nest; the placeholders are numbered when the text is read. */
export type Sql = Prisma.Sql;

/** `` sql`status = ${status}` ``: each `${}` is a value or another fragment, never SQL text. */
export const sql = Prisma.sql;

/** The name of a column or table as SQL text. Only for names in the code, never for anything from a request. */
export const identifier = Prisma.raw;

/** Joins fragments; empty if there are none. */
export function joinSql(pieces: readonly Sql[], separator: string): Sql {
  return pieces.length === 0 ? Prisma.empty : Prisma.join([...pieces], separator);
}

/** The conditions joined by AND; true if there are none. */
export function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`true` : sql`(${joinSql(conditions, ' AND ')})`;
}

/** The conditions joined by OR; false if there are none. */
export function anyOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`false` : sql`(${joinSql(conditions, ' OR ')})`;
}

/**
 * The maximum number of texts that are prepared, by what they are for. Each keeps a plan on each connection, so their number
 * is limited. Claims have a share of their own: a client that varies its filters must not make them slower.
 */
const MAX_PREPARED = { list: 300, claim: 100 };
const PREPARED = { list: new Set<string>(), claim: new Set<string>() };

/** What a text is for. `once` is never prepared: PostgreSQL then makes the plan for the values, which takes a millisecond. */
export type StatementUse = keyof typeof PREPARED | 'once';

/**
 * Turns a fragment into a statement. The first few hundred distinct texts become prepared statements, which saves two thirds
 * of the time of a short query. Further texts, such as those of a client that varies its filters, are not prepared.
 */
export function toStatement(piece: Sql, use: StatementUse = 'list'): Statement {
  const { text, values } = piece;
  if (use === 'once') return { text, values };
  const prepared = PREPARED[use];
  if (!prepared.has(text)) {
    if (prepared.size >= MAX_PREPARED[use]) return { text, values };
    prepared.add(text);
  }
  return { name: 'built', text, values };
}
