import type { AgentFilter } from '../../domain/agents/filter.js';
import type { AgentStatus } from '../../domain/agents/status.js';
import { allOf, anyOf, identifier, type Sql, sql } from '../../postgres/sql-text.js';
import type { List } from '../lists/keyset.js';
import { type Columns, shapeOf } from '../lists/row-shape.js';
import type { AgentRow } from './agents.js';
import { hasLiveLease } from './live-lease.js';

/** The agents that match the filter, by name. Uses agents_name_key. */
export function agentsThat(
  filter: AgentFilter,
  agentTimeoutMs: number,
  columns: Columns<AgentRow>,
): List<AgentRow> {
  const { status, role, search } = filter;
  const conditions: Sql[] = [];
  if (status) conditions.push(anyOf(status.map((each) => hasStatus(each, agentTimeoutMs))));
  if (role) conditions.push(sql`t.role = ANY(${role}::text[])`);
  if (search) {
    const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
    conditions.push(sql`(t.name ILIKE ${pattern} OR t.role ILIKE ${pattern})`);
  }
  return {
    from: 'agents t',
    shape: shapeOf('Agent', columns === '*' ? columns : [...columns, 'name']),
    where: allOf(conditions),
    order: {
      tag: 'agent',
      descending: false,
      keys: [{ sql: 't.name', kind: 'text', of: (agent) => agent.name }],
    },
  };
}

/** `deriveAgentStatus` as a condition on the agents `t`. A test compares the two. */
function hasStatus(status: AgentStatus, agentTimeoutMs: number): Sql {
  const isAtWork = sql`t.paused_at IS NULL AND t.error_at IS NULL`;
  const isThere = sql`coalesce(t.last_seen_at >= now() - ${agentTimeoutMs} * interval '1 millisecond', false)`;
  const isBusy = identifier(hasLiveLease('t.id', 'now()'));
  switch (status) {
    case 'PAUSED':
      return sql`t.paused_at IS NOT NULL`;
    case 'ERROR':
      return sql`(t.paused_at IS NULL AND t.error_at IS NOT NULL)`;
    case 'OFFLINE':
      return sql`(${isAtWork} AND NOT ${isThere})`;
    case 'BUSY':
      return sql`(${isAtWork} AND ${isThere} AND ${isBusy})`;
    case 'IDLE':
      return sql`(${isAtWork} AND ${isThere} AND NOT ${isBusy})`;
  }
}
