import type { WaitingFacts } from '../domain/waiting.js';
import { sql, toStatement } from './sql-text.js';
import { type Executor, query } from './statement.js';

interface WaitingRow extends Omit<WaitingFacts, 'assignee'> {
  readonly id: string;
  readonly hasAssignee: boolean;
  readonly isPaused: boolean;
  readonly isOffline: boolean;
  readonly isAtCapacity: boolean;
}

/** The facts behind `waitingOn`, for several tasks at once and by the database's clock. */
export async function listWaitingFacts(
  executor: Executor,
  ids: readonly string[],
  {
    agentTimeoutMs,
    coordinatorAgent,
  }: { readonly agentTimeoutMs: number; readonly coordinatorAgent: string },
): Promise<Map<string, WaitingFacts>> {
  const heardSince = sql`now() - ${agentTimeoutMs} * interval '1 millisecond'`;
  const rows = await query<WaitingRow>(
    executor,
    toStatement(sql`SELECT t.id, t.status, t.open_dependencies,
        coalesce(t.starts_at > now(), false) AS starts_later,
        coalesce(t.backoff_until > now(), false) AS backs_off,
        a.id IS NOT NULL AS has_assignee,
        a.paused_at IS NOT NULL AS is_paused,
        a.delivery = 'PULL' AND coalesce(a.last_seen_at < ${heardSince}, true) AS is_offline,
        (SELECT count(*) FROM tasks w WHERE w.assignee_id = a.id AND w.status = 'IN_PROGRESS') >= a.max_capacity AS is_at_capacity,
        t.status = 'REVIEW' AND EXISTS (
          SELECT FROM agents c WHERE (c.name = ${coordinatorAgent} OR c.role = 'reviewer') AND c.paused_at IS NULL
            AND (c.delivery = 'PUSH' OR c.last_seen_at >= ${heardSince})
            AND c.id IS DISTINCT FROM t.assignee_id
            AND NOT EXISTS (SELECT FROM task_runs r WHERE r.task_id = t.id AND r.agent_id = c.id)) AS has_reviewer
      FROM tasks t LEFT JOIN agents a ON a.id = t.assignee_id WHERE t.id = ANY(${ids}::text[])`),
  );
  return new Map(rows.map((row) => [row.id, { ...row, assignee: row.hasAssignee ? row : null }]));
}
