import { signal } from '@preact/signals';
import type { Client, OverviewFieldsFragment } from '../../sdk/index.js';

/** The counts of the whole fleet; null until they have arrived, and for keys of agents, which may not see them. */
const overview = signal<OverviewFieldsFragment | null>(null);

/** Follows the counts for as long as the session lasts. */
export async function followOverview(client: Client, signal: AbortSignal): Promise<void> {
  try {
    for await (const counts of client.followOverview({ signal })) overview.value = counts;
  } catch {
    // The end of a session and a refusal are reported by the stream of events.
  } finally {
    overview.value = null;
  }
}

/** The number of tasks in a status; null while it is unknown. */
export function countIn(status: string): number | null {
  return overview.value?.taskCounts.find((one) => one.status === status)?.count ?? null;
}
