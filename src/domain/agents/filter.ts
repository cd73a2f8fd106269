import { InvalidList } from '../page.js';
import { checkFilterText, FILTER_LIMITS } from '../tasks/task-filter.js';
import type { AgentStatus } from './status.js';

/** Which agents to list. All given conditions must hold. */
export interface AgentFilter {
  readonly status?: readonly AgentStatus[] | null | undefined;
  readonly role?: readonly string[] | null | undefined;
  readonly search?: string | null | undefined;
}

/** @throws {InvalidList} if a list in the filter is too long or a text is not valid. */
export function checkAgentFilter({ status, role, search }: AgentFilter): void {
  if (Math.max(status?.length ?? 0, role?.length ?? 0) > FILTER_LIMITS.entries) {
    throw new InvalidList(`A list in a filter has at most ${FILTER_LIMITS.entries} entries.`);
  }
  for (const text of [...(role ?? []), search ?? '']) checkFilterText(text);
}
