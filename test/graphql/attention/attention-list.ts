import { createOutageReports } from '../../../src/services/dispatch/outage-reports.js';
import { spawnRecurringTasks } from '../../../src/services/recurring/spawn-recurring-tasks.js';
import { clearTasks } from '../../support/factories/claims.js';
import { aRecurringTask, minutesAgo, wasDueAt } from '../../support/factories/recurring.js';
import type { TestServices } from '../../support/factories/services.js';
import type { LiveGraph } from '../../support/graphql/live-graph.js';

export const ITEM = `id kind severity since text missing task { ref } agent { name } gateway { name state }
  recurringTask { name } acknowledgedAt acknowledgedBy { displayName }`;

const LIST = `query ($kinds: [AttentionKind!], $acknowledged: Boolean, $first: Int, $after: Cursor, $last: Int, $before: Cursor) {
  needsAttention(kinds: $kinds, acknowledged: $acknowledged, first: $first, after: $after, last: $last, before: $before) {
    nodes { ${ITEM} } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`;

/** A page of the list, or the error of the operation. */
export const askForItems = (graph: LiveGraph, variables: Record<string, unknown> = {}) =>
  graph.ask(LIST, variables);

export async function pageOfItems(graph: LiveGraph, variables: Record<string, unknown> = {}) {
  return (await graph.get(LIST, variables)).needsAttention;
}

export async function listItems(graph: LiveGraph, variables: Record<string, unknown> = {}) {
  return (await pageOfItems(graph, variables)).nodes;
}

/** Removes every cause. Agents of earlier tests can take nothing and hold nothing. */
export async function clearAttention(services: TestServices): Promise<void> {
  await clearTasks(services);
  for (const table of ['recurring_tasks', 'gateway_outages', 'attention_acknowledgements'])
    await services.sql(`DELETE FROM ${table}`);
  await services.sql(
    "UPDATE agents SET accepts_inbox = false, delivery = 'PULL', gateway = NULL, role = 'past', paused_at = NULL",
  );
}

/** The schedule of a due time this many minutes ago, and of none since. */
async function wasDueMinutesAgo(services: TestServices, minutes: number) {
  const at = await minutesAgo(services, minutes);
  return { at, schedule: `${at.getUTCMinutes()} ${at.getUTCHours()} * * *` };
}

/** Creates a recurring task that has skipped its last due time, because no server ran then. */
export async function aSkippedRecurringTask(services: TestServices) {
  const { at, schedule } = await wasDueMinutesAgo(services, 90);
  const row = await aRecurringTask(services, { schedule });
  await wasDueAt(services, row.id, at);
  await spawnRecurringTasks(services);
  return row;
}

/** Reports an outage of the gateway echo. Returns the end of it. */
export async function anOutage(services: TestServices, remedy: string | null = null) {
  const reports = createOutageReports(services, 60_000);
  reports.note({ gateway: 'echo', error: 'connect ECONNREFUSED.', remedy });
  await reports.written();
  return () => {
    reports.end('echo');
    return reports.written();
  };
}
