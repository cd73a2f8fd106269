import { createHash } from 'node:crypto';
import { Prisma } from '../generated/prisma/client.js';
import type { Statement } from './statement.js';

/** A piece of SQL with its values: pieces go into each other, and the numbers of the values come last. */
export type Sql = Prisma.Sql;

/** `` sql`status = ${status}` ``: what stands in `${}` is a value or another piece, never text. */
export const sql = Prisma.sql;

/** A name of a column or table out of our own code; never anything out of a request. */
export const identifier = Prisma.raw;

export function joinSql(pieces: readonly Sql[], separator: string): Sql {
  return pieces.length === 0 ? Prisma.empty : Prisma.join([...pieces], separator);
}

/** All of them; true where there are none. */
export function allOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`true` : sql`(${joinSql(conditions, ' AND ')})`;
}

/** At least one of them; false where there are none. */
export function anyOf(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`false` : sql`(${joinSql(conditions, ' OR ')})`;
}

/** Texts that have a name. Each costs a plan on each connection, so only so many get one. */
const MAX_NAMES = 300;
const NAMES = new Map<string, string>();

/**
 * The statement of an assembled text. The first few hundred texts are prepared, which saves the planner two thirds of a
 * short query; a client that makes up ever new filters gets unprepared ones.
 */
export function toStatement(piece: Sql): Statement {
  const { text, values } = piece;
  let name = NAMES.get(text);
  if (name === undefined && NAMES.size < MAX_NAMES) {
    name = `q_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    NAMES.set(text, name);
  }
  return name === undefined ? { text, values } : { name, text, values };
}
