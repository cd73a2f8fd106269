import type { TestServices } from '../factories/services.js';

/** Runs a locking statement in another transaction, which keeps the locks until `release`. */
export async function holdLocks(
  services: Pick<TestServices, 'database'>,
  statement: string,
  values: readonly unknown[],
): Promise<{ release(): Promise<void> }> {
  const client = await services.database.pool.connect();
  await client.query('BEGIN');
  await client.query(statement, [...values]);
  return {
    async release() {
      await client.query('ROLLBACK');
      client.release();
    },
  };
}
