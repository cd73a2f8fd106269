import type { TestServices } from '../factories/services.js';

/** Statements that a process sends at any time: NOTIFYs of the bell, and the feed's reads of the log. */
const BACKGROUND = /^(ring_bell|read_log)/;

/** Records the statements that the work sends through the pool, including Prisma's, which uses the same pool. */
export async function recordStatements(
  { database: { pool } }: TestServices,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const sent: string[] = [];
  const original = pool.query;
  pool.query = ((...args: [string | { text: string; name?: string }]) => {
    const { text, name = '' } = typeof args[0] === 'string' ? { text: args[0] } : args[0];
    if (!BACKGROUND.test(name)) sent.push(text);
    return Reflect.apply(original, pool, args);
  }) as typeof pool.query;
  try {
    await work();
    return sent;
  } finally {
    pool.query = original;
  }
}
