import type { Pool } from 'pg';
import type { TestServices } from '../factories/services.js';

/** Statements that a process sends at any time: the bell's numbering of events, and the feed's reads of the log. */
const BACKGROUND = /^(number_events|read_log)/;

/** Records the statements that the work sends through both pools, including Prisma's, which uses the same pools. */
export async function recordStatements(
  { database: { pool, readPool } }: TestServices,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const sent: string[] = [];
  const restore = [pool, readPool].map((each) => record(each, sent));
  try {
    await work();
    return sent;
  } finally {
    for (const each of restore) each();
  }
}

function record(pool: Pool, sent: string[]): () => void {
  const original = pool.query;
  pool.query = ((...args: [string | { text: string; name?: string }]) => {
    const { text, name = '' } = typeof args[0] === 'string' ? { text: args[0] } : args[0];
    if (!BACKGROUND.test(name)) sent.push(text);
    return Reflect.apply(original, pool, args);
  }) as typeof pool.query;
  return () => {
    pool.query = original;
  };
}
