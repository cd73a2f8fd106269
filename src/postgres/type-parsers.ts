import pg from 'pg';

const OIDS = { bigint: 20, date: 1082, timestamp: 1114, timestamptz: 1184 };
const TIMES = new Set([OIDS.date, OIDS.timestamp, OIDS.timestamptz]);

/**
 * How the values of a type are read. bigint is read as BigInt, so that the rows of SQL statements and those of Prisma have
 * the same types. A time that can't be read is an error: the driver's own parser would return null, which means that a key
 * was never revoked or that a task has no due date.
 */
export function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (format === 'binary') return pg.types.getTypeParser(oid, 'binary');
  if (oid === OIDS.bigint) return BigInt;
  const parse = pg.types.getTypeParser(oid, 'text');
  return TIMES.has(oid) ? (text) => requireTime(text, parse(text)) : parse;
}

function requireTime(text: string, time: unknown): unknown {
  const isReadable = time instanceof Date ? !Number.isNaN(time.getTime()) : typeof time === 'number';
  if (!isReadable) throw new Error(`PostgreSQL sent the time ${text}, which is not in the form ISO 8601`);
  return time;
}
