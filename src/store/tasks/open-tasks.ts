import type { Transaction } from '../../postgres/transaction.js';

/**
 * Counts the open tasks that an agent has created, up to one more than `most`, including those of this transaction. Until
 * this transaction ends, others that count for the same agent wait. Reads tasks_created_by_idx.
 */
export async function countOpenTasksOfCreator(
  tx: Transaction,
  agentId: string,
  most: number,
): Promise<number> {
  const row = await tx.one<{ count: number }>({
    name: 'count_open_tasks',
    text: 'SELECT count_open_tasks($1, $2) AS count',
    values: [agentId, most],
  });
  return row?.count ?? 0;
}
