import { type Executor, query } from '../../postgres/statement.js';

const TABLES = { task: 'task_runs', review: 'review_runs' } as const;

/** What is dispatched: a task to work on, or a round to review. */
export type DispatchKind = keyof typeof TABLES;

/** Who else holds dispatched runs, by leases with more than `ms` to go. */
export async function listOtherDispatchers(
  executor: Executor,
  kind: DispatchKind,
  dispatcher: string,
  ms: number,
): Promise<string[]> {
  const rows = await query<{ dispatcher: string }>(executor, {
    name: `list_other_dispatchers_${kind}`,
    text: `SELECT DISTINCT dispatcher FROM ${TABLES[kind]}
      WHERE outcome = 'RUNNING' AND trigger = 'DISPATCH' AND dispatcher <> $1
        AND lease_expires_at > now() + $2::int * interval '1 millisecond'`,
    values: [dispatcher, ms],
  });
  return rows.map((row) => row.dispatcher);
}

/** Lets the leases of these dispatchers end in `ms` at the latest. SKIP LOCKED: a row that somebody holds is seen to next time. */
export async function shortenLeases(
  executor: Executor,
  kind: DispatchKind,
  dispatchers: readonly string[],
  ms: number,
): Promise<void> {
  await query(executor, {
    name: `shorten_leases_${kind}`,
    text: `UPDATE ${TABLES[kind]} SET lease_expires_at = now() + $2::int * interval '1 millisecond' WHERE id IN (
      SELECT id FROM ${TABLES[kind]} WHERE outcome = 'RUNNING' AND trigger = 'DISPATCH' AND dispatcher = ANY($1)
        AND lease_expires_at > now() + $2::int * interval '1 millisecond' FOR NO KEY UPDATE SKIP LOCKED)`,
    values: [dispatchers, ms],
  });
}
