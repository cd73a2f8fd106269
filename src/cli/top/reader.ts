import { type Client, ForbiddenError, type TaskFieldsFragment, type TaskFilter } from '../../sdk/index.js';
import { type PANES, ROWS, STATUSES, type TopState } from './state.js';

/** Reads the lists of the screen: the tasks that the filter names by words of their texts, or by their agent. */
export async function readPanes(
  client: Client,
  signal: AbortSignal,
  filter: string,
): Promise<Pick<TopState, 'panes' | 'overview' | 'readWith'>> {
  // Each filter is a list of its own: one that says "either, or" would have to look at all tasks.
  const filters = filter === '' ? [{}] : await filtersOf(client, signal, filter);
  const list = async (pane: (typeof PANES)[number]) => {
    const lists = await Promise.all(
      filters.map((each) =>
        client.tasks(
          {
            first: ROWS,
            filter: { ...each, status: STATUSES[pane] },
            orderBy: { field: 'QUEUE', direction: 'ASC' },
          },
          { signal },
        ),
      ),
    );
    return mergeInQueueOrder(lists.map(({ nodes }) => nodes)).slice(0, ROWS);
  };
  const [needsYou, inProgress, waiting, overview] = await Promise.all([
    ...([list('needsYou'), list('inProgress'), list('waiting')] as const),
    // Keys of agents may not read it.
    client.overview({ window: 'PT1H', buckets: 1 }, { signal }).catch(unlessForbidden),
  ]);
  return { panes: { needsYou, inProgress, waiting }, overview, readWith: filter };
}

/** The agents whose names contain the filter: as many as a filter may name. */
const MOST_AGENTS = 100;

async function filtersOf(client: Client, signal: AbortSignal, text: string): Promise<TaskFilter[]> {
  const agents = await client.agents({ first: MOST_AGENTS, filter: { search: text } }, { signal });
  const named = agents.nodes.filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  const ofAgents = { assignee: named.map(({ id }) => ({ id })) };
  return named.length === 0 ? [{ search: text }] : [{ search: text }, ofAgents];
}

const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];

/** Each task once, in the order in which tasks are claimed. */
function mergeInQueueOrder(lists: readonly (readonly TaskFieldsFragment[])[]): TaskFieldsFragment[] {
  const [only = [], ...others] = lists;
  if (others.length === 0) return [...only];
  const each = new Map(lists.flat().map((task) => [task.id, task]));
  return [...each.values()].sort((one, other) => {
    const [a, b] = [placeOf(one), placeOf(other)];
    return a < b ? -1 : a > b ? 1 : 0;
  });
}

/** A text that sorts as the queue does. Instants of the API have one length, and a later character stands for no due date. */
function placeOf({ priority, dueAt, createdAt, ref }: TaskFieldsFragment): string {
  const number = ref.replace(/\D+/, '').padStart(20, '0');
  return [PRIORITIES.indexOf(priority), dueAt ?? '~', createdAt, number].join(' ');
}

function unlessForbidden(error: unknown): null {
  if (error instanceof ForbiddenError) return null;
  throw error;
}

/** Events come in bursts: a work that is under way is repeated once for all that come meanwhile, after a pause. */
export function coalesced(work: () => Promise<void>, pauseMs: number): () => void {
  let [isRunning, isWanted] = [false, false];
  const run = async () => {
    isRunning = true;
    do {
      isWanted = false;
      await work();
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    } while (isWanted);
    isRunning = false;
  };
  return () => {
    isWanted = true;
    if (!isRunning) void run();
  };
}
