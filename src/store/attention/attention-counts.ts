import { type AttentionCount, type AttentionKind, severityOf } from '../../domain/attention/attention.js';
import { joinSql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { WaitingSettings } from '../tasks/waiting-facts.js';
import { type AttentionFilter, LATE_S, MOST_ITEMS, passes, sourcesOf } from './attention-sources.js';

/** The number of items of each kind and severity. At most {@link MOST_ITEMS} of a kind are counted. */
export async function countAttention(
  executor: Executor,
  filter: AttentionFilter,
  settings: WaitingSettings,
): Promise<AttentionCount[]> {
  const counts = sourcesOf(filter).map(
    ({
      kind,
      facts,
    }) => sql`SELECT ${kind}::text AS kind, c.weight, count(*)::int AS count, max(c.since) AS newest_since
      FROM (SELECT f.weight, f.since FROM (${facts(settings)}) f WHERE ${passes(filter)} LIMIT ${MOST_ITEMS}) c GROUP BY c.weight`,
  );
  if (counts.length === 0) return [];
  const rows = await query<{ kind: AttentionKind; weight: number; count: number; newestSince: Date }>(
    executor,
    toStatement(sql`${joinSql(counts, ' UNION ALL ')} ORDER BY weight DESC, kind`),
  );
  return rows.map(({ weight, ...rest }) => ({ ...rest, severity: severityOf(weight) }));
}

/**
 * Milliseconds until an item can appear or vanish by time alone: an agent becomes silent, an outage expires, a backoff ends, or a
 * schedule is late. Null if nothing is due. Each is the head of an index or of a small table.
 */
export async function findNextAttentionMs(
  executor: Executor,
  { agentTimeoutMs }: WaitingSettings,
): Promise<number | null> {
  const [row] = await query<{ inMs: number | null }>(
    executor,
    toStatement(sql`SELECT (extract(epoch FROM least(
        (SELECT min(last_seen_at) + ${agentTimeoutMs} * interval '1 millisecond' FROM agents
          WHERE last_seen_at >= now() - ${agentTimeoutMs} * interval '1 millisecond'),
        (SELECT min(expires_at) FROM gateway_outages WHERE expires_at > now()),
        (SELECT not_before FROM tasks WHERE not_before IS NOT NULL AND status IN ('INBOX', 'ASSIGNED') ORDER BY not_before LIMIT 1),
        (SELECT min(next_due_at) + ${LATE_S} * interval '1 second' FROM recurring_tasks
          WHERE next_due_at >= now() - ${LATE_S} * interval '1 second')) - now()) * 1000)::float8 AS in_ms`),
  );
  return row?.inMs ?? null;
}
