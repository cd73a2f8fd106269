import { FilterChangesDocument } from '../../generated/dashboard/cards.js';
import type { Client, TaskFilter } from '../../sdk/index.js';
import { generation } from './live.js';
import { session } from './session.js';
import { readTasksSoon } from './tasks.js';

/**
 * Reads the tasks that enter or leave a filter without an event of their own: due dates pass, and agents come and go. Calls `onChange`
 * after each. Returns the function that stops it.
 */
export function followFilter(filter: TaskFilter, onChange: () => void): () => void {
  const end = new AbortController();
  const client = session.peek()?.client;
  // The server refuses a filter that thousands of tasks match. The board then follows the events alone, as without this stream.
  if (client) void follow(client, filter, { signal: end.signal, onChange }).catch(() => undefined);
  return () => end.abort();
}

interface Following {
  readonly signal: AbortSignal;
  readonly onChange: () => void;
}

async function follow(client: Client, filter: TaskFilter, { signal, onChange }: Following): Promise<void> {
  let hasBegun = false;
  for await (const { tasks } of client.subscribe(FilterChangesDocument, { filter }, { signal })) {
    const { change, taskId } = tasks;
    // The stream begins again after a lost connection, and does not tell what has happened meanwhile.
    if (change === null && hasBegun) generation.value += 1;
    hasBegun = true;
    if (taskId === null || change === 'CHANGED') continue;
    readTasksSoon([taskId]);
    onChange();
  }
}
