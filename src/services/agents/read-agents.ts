import type { AgentFilter } from '../../domain/agents/filter.js';
import { checkAgentFilter } from '../../domain/agents/filter.js';
import { type AgentStats, checkWindow, type ReviewerStats } from '../../domain/agents/stats.js';
import type { ListReader } from '../../domain/list-reader.js';
import { listAgentCosts } from '../../store/activity/agent-costs.js';
import { listAgentStats } from '../../store/activity/agent-stats.js';
import { listReviewerStats } from '../../store/activity/reviewer-stats.js';
import { agentsThat } from '../../store/agents/agent-lists.js';
import { type AgentActivity, listAgentActivity, listAgents } from '../../store/agents/agent-lookups.js';
import type { AgentRow } from '../../store/agents/agents.js';
import { openList } from '../../store/lists/list-reader.js';
import type { Columns } from '../../store/lists/row-shape.js';
import { type AgentRef, findAgentRefMistake, toAgentKey } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

type ReadContext = Pick<ServiceContext, 'database' | 'settings'>;

/**
 * The agents that match the filter, by name.
 * @throws {InvalidList} for a filter that is too large.
 */
export function openAgents(
  { database, settings }: ReadContext,
  filter: AgentFilter,
  columns: Columns<AgentRow>,
): ListReader<AgentRow> {
  checkAgentFilter(filter);
  return openList(database.pool, agentsThat(filter, settings.agentTimeoutMs, columns));
}

/** The agent of a reference; null if there is none. */
export async function findAgentByRef(
  { database }: ReadContext,
  ref: AgentRef,
  columns: Columns<AgentRow>,
): Promise<AgentRow | null> {
  const [agent] = await listAgents(database.pool, [toAgentKey(ref)], columns);
  return agent ?? null;
}

/** The mistake in a ref that found nothing, as a sentence; null unless its id is the name of an agent. */
export async function explainAgentRef(context: ReadContext, ref: AgentRef): Promise<string | null> {
  const mistake = findAgentRefMistake(ref);
  if (mistake === null) return null;
  return (await findAgentByRef(context, { name: ref.id }, ['id'])) === null ? null : mistake;
}

/** The existing agents with these ids, as a map by id. */
export async function findAgents(
  { database }: ReadContext,
  ids: readonly string[],
  columns: Columns<AgentRow>,
): Promise<ReadonlyMap<string, AgentRow>> {
  return byId(
    await listAgents(
      database.pool,
      ids.map((id) => ({ id })),
      columns,
    ),
  );
}

/** The current activity of each agent. */
export async function readAgentActivity(
  { database }: ReadContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, AgentActivity>> {
  return byId(await listAgentActivity(database.pool, ids));
}

/**
 * Results of each agent's work in the last `windowMs`.
 * @throws {InvalidList} for a window shorter than a minute or longer than a year.
 */
export async function readAgentStats(
  { database }: ReadContext,
  ids: readonly string[],
  windowMs: number,
): Promise<ReadonlyMap<string, AgentStats & StatsPeriod>> {
  checkWindow(windowMs);
  const stats = await listAgentStats(database.pool, ids, windowMs);
  return byId(stats.map((each) => ({ ...each, windowMs })));
}

/** Of which agent and period statistics are. */
export interface StatsPeriod {
  readonly id: string;
  readonly windowMs: number;
}

/** What the runs of each agent cost that ended in the last `windowMs`, in US dollars. Agents without a known cost are left out. */
export async function readAgentCosts(
  { database }: ReadContext,
  ids: readonly string[],
  windowMs: number,
): Promise<ReadonlyMap<string, { readonly costUsd: number }>> {
  return byId(await listAgentCosts(database.readPool, ids, windowMs));
}

/**
 * The verdicts of each of the agents as a reviewer in a time window, as a map by id.
 * @throws {InvalidList} for an invalid window.
 */
export async function readReviewerStats(
  { database }: Pick<ServiceContext, 'database'>,
  ids: readonly string[],
  windowMs: number,
): Promise<ReadonlyMap<string, ReviewerStats>> {
  checkWindow(windowMs);
  return byId(await listReviewerStats(database.pool, ids, windowMs));
}

function byId<Row extends { readonly id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}
