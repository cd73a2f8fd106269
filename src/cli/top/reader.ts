import { type Client, ForbiddenError, type TaskStatus } from '../../sdk/index.js';
import { ROWS, STATUSES, type TopState } from './state.js';

/** Reads the lists of the screen. */
export async function readPanes(
  client: Client,
  signal: AbortSignal,
): Promise<Pick<TopState, 'panes' | 'overview'>> {
  const list = async (status: readonly TaskStatus[]) =>
    (
      await client.tasks(
        { first: ROWS, filter: { status }, orderBy: { field: 'QUEUE', direction: 'ASC' } },
        { signal },
      )
    ).nodes;
  const [needsYou, inProgress, waiting, overview] = await Promise.all([
    list(STATUSES.needsYou),
    list(STATUSES.inProgress),
    list(STATUSES.waiting),
    // Keys of agents may not read it.
    client.overview({ window: 'PT1H', buckets: 1 }, { signal }).catch(unlessForbidden),
  ]);
  return { panes: { needsYou, inProgress, waiting }, overview };
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
