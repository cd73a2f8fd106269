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
