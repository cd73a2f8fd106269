import { type Executor, query } from '../../postgres/statement.js';

const TABLES = { task: 'task_runs', review: 'review_runs' } as const;

/** The two kinds of dispatched runs: of tasks and of reviews. */
export type DispatchKind = keyof typeof TABLES;

/** The other dispatchers that hold leases with more than `ms` left. */
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

/** Shortens the leases of these dispatchers to at most `ms`. Skips locked rows; the next call shortens them. */
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

/** Renews the leases of the runs that this dispatcher still holds, and returns these runs. Locks in id order against deadlocks. */
export async function renewDispatchedRuns(
  executor: Executor,
  kind: DispatchKind,
  dispatcher: string,
  runIds: readonly string[],
  leaseMs: number,
): Promise<{ readonly id: string; readonly agentId: string }[]> {
  return query(executor, {
    name: `renew_dispatched_runs_${kind}`,
    text: `WITH held AS (
        SELECT id FROM ${TABLES[kind]} WHERE id = ANY($1) AND dispatcher = $2 AND outcome = 'RUNNING'
        ORDER BY id FOR NO KEY UPDATE)
      UPDATE ${TABLES[kind]} r SET lease_ms = $3, lease_expires_at = now() + $3::int * interval '1 millisecond'
      FROM held WHERE r.id = held.id AND r.outcome = 'RUNNING' RETURNING r.id, r.agent_id`,
    values: [runIds, dispatcher, leaseMs],
  });
}

/**
 * Stores what the gateway needs to find the call of an open run after a crash. Returns false if the run has ended or belongs
 * to another dispatcher: then nothing is stored.
 */
export async function writeGatewayState(
  executor: Executor,
  kind: DispatchKind,
  run: { readonly id: string; readonly dispatcher: string },
  gatewayRunId: string | null,
  state: object,
): Promise<boolean> {
  const rows = await query(executor, {
    name: `write_gateway_state_${kind}`,
    text: `UPDATE ${TABLES[kind]} SET gateway_run_id = $3, gateway_state = $4::jsonb
      WHERE id = $1 AND dispatcher = $2 AND outcome = 'RUNNING' RETURNING id`,
    values: [run.id, run.dispatcher, gatewayRunId, JSON.stringify(state)],
  });
  return rows.length > 0;
}
