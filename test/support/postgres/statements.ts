import type { TestServices } from '../factories/services.js';

/** What a process sends when it likes: rings of the bell, and looks of the feed at the log. */
const OWN_WORK = /^(ring_bell|read_log)/;

/** The statements that the work sends through the pool, our own and those of Prisma, which goes through the same one. */
export async function statementsOf(
  { database: { pool } }: TestServices,
  work: () => Promise<unknown>,
): Promise<string[]> {
  const sent: string[] = [];
  const original = pool.query;
  pool.query = ((...args: [string | { text: string; name?: string }]) => {
    const { text, name = '' } = typeof args[0] === 'string' ? { text: args[0] } : args[0];
    if (!OWN_WORK.test(name)) sent.push(text);
    return Reflect.apply(original, pool, args);
  }) as typeof pool.query;
  try {
    await work();
    return sent;
  } finally {
    pool.query = original;
  }
}
