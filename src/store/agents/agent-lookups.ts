import type { AgentStats } from '../../domain/agents/stats.js';
import { identifier, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type Columns, readRows, shapeOf } from '../lists/row-shape.js';
import { countHeldBy } from '../runs/capacity.js';
import type { AgentKey, AgentRow } from './agents.js';
import { hasLiveLease } from './live-lease.js';

/** The agents with these keys, unordered. All keys must be of the same kind. */
export function listAgents(
  executor: Executor,
  keys: readonly AgentKey[],
  columns: Columns<AgentRow>,
): Promise<AgentRow[]> {
  const ids = keys.flatMap((key) => ('id' in key ? key.id : []));
  const names = keys.flatMap((key) => ('name' in key ? key.name : []));
  const which = names.length === 0 ? sql`t.id = ANY(${ids}::text[])` : sql`t.name = ANY(${names}::text[])`;
  const shape = shapeOf<AgentRow>('Agent', columns);
  return readRows(
    executor,
    shape,
    sql`SELECT ${identifier(shape.columns.join(', '))} FROM agents t WHERE ${which}`,
  );
}

/** The volatile facts about an agent, by the database clock. */
export interface AgentActivity {
  readonly id: string;
  readonly hasLiveLease: boolean;
  readonly activeTaskCount: number;
  readonly nowAt: Date;
}

/** Uses task_runs_open_by_agent and review_runs_open_by_agent, which have few entries per agent. */
export function listAgentActivity(executor: Executor, ids: readonly string[]): Promise<AgentActivity[]> {
  return query<AgentActivity>(
    executor,
    toStatement(sql`SELECT t.id, now() AS now_at, ${identifier(hasLiveLease('t.id', 'now()'))} AS has_live_lease,
        ${identifier(countHeldBy('t.id'))}::int AS active_task_count
      FROM unnest(${ids}::text[]) AS t (id)`),
  );
}

/**
 * Counts, for each agent, its runs that ended in the last `windowMs` (task_runs_agent_finished_idx) and the verdicts on
 * its runs in that time that are not superseded (quality_reviews_created_idx).
 */
export function listAgentStats(
  executor: Executor,
  ids: readonly string[],
  windowMs: number,
): Promise<(AgentStats & { readonly id: string })[]> {
  const since = sql`now() - ${windowMs} * interval '1 millisecond'`;
  return query<AgentStats & { id: string }>(
    executor,
    toStatement(sql`SELECT a.id, r.completed, r.failed, v.rejected, v.approved + v.rejected AS verdicts, r.median_duration_ms,
        v.approved::float8 / nullif(v.approved + v.rejected, 0) AS approval_rate
      FROM unnest(${ids}::text[]) AS a (id) CROSS JOIN LATERAL (
        SELECT (count(*) FILTER (WHERE outcome = 'SUCCEEDED'))::int AS completed,
          (count(*) FILTER (WHERE outcome IN ('FAILED', 'TIMED_OUT')))::int AS failed,
          (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at) * 1000)
            FILTER (WHERE outcome = 'SUCCEEDED'))::float8 AS median_duration_ms
        FROM task_runs WHERE agent_id = a.id AND finished_at >= ${since}) r CROSS JOIN LATERAL (
        SELECT (count(*) FILTER (WHERE q.verdict = 'APPROVED'))::int AS approved,
          (count(*) FILTER (WHERE q.verdict = 'REJECTED'))::int AS rejected
        FROM quality_reviews q JOIN task_runs w ON w.id = q.run_id
        WHERE q.created_at >= ${since} AND NOT q.superseded AND w.agent_id = a.id) v`),
  );
}
