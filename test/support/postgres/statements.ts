import pg, { type Pool } from 'pg';
import { vi } from 'vitest';
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

/**
 * The number of statements that the work sends to PostgreSQL on any connection, without those that number events. Each is a round
 * trip, BEGIN and COMMIT too.
 */
export async function countStatements(work: () => Promise<unknown>): Promise<number> {
  const sent = vi.spyOn(pg.Client.prototype, 'query');
  await work();
  const statements = sent.mock.calls.filter(([each]) => !/^number_events/.test(String(Object(each).name)));
  sent.mockRestore();
  return statements.length;
}
