import type { Viewer } from '../../domain/actor.js';
import type { Place } from '../../kernel/fair-queue.js';
import { newId } from '../../kernel/ids.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import type { ClaimColumns, ClaimRequest } from '../../store/runs/claim-tasks.js';
import type { EndRunCall } from '../../store/runs/end-runs.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { toLookup } from '../refs.js';
import type { Claim, ServiceContext } from '../service-context.js';

/** What the verbs differ in. */
type Ending = Pick<EndRunCall, 'verb' | 'note' | 'columns'> & Partial<EndRunCall>;

/** A claim that the caller makes next, to be made with the end of the run if possible. */
export interface NextClaim {
  readonly request: Omit<ClaimRequest, 'runId'>;
  readonly columns: ClaimColumns;
  /** Called with the answer if the claim was made. */
  readonly answer: (claim: Claim) => void;
}

const NOTHING_ELSE = {
  reason: null,
  usage: {},
  decisions: null,
  passes: false,
  commentId: null,
  idempotencyKey: null,
  fingerprint: null,
} as const;

/**
 * Ends a run for its holder, together with the other calls that arrive now. Null if nothing has changed: then the call takes
 * a transaction of its own, which also finds out why it is refused. `place` is that of the operation among those of its key.
 */
export async function endRunInBatch(
  { batches }: Pick<ServiceContext, 'batches'>,
  viewer: Viewer,
  runId: string | null | undefined,
  ending: Ending,
  next: NextClaim | null = null,
  place?: Place,
): Promise<TaskRow | null> {
  // No run has such an id, and the statement could not store it.
  if (typeof runId !== 'string' || toLookup(runId) !== runId) return null;
  const { keyId, agentId } = viewer;
  const end = { ...NOTHING_ELSE, ...ending, runId, keyId, agentId };
  const ask = async () => {
    if (next !== null) return endAndClaim(batches, end, next);
    return (await askOrNull(batches.runEnds, end))?.task ?? null;
  };
  return place === undefined ? ask() : withoutPlace(place, ask);
}

/**
 * While a call waits for its batch, another operation of its key has its place: with eight of a key at a time, the batches of a
 * fleet with one key would be small. A call that needs a transaction of its own waits for its turn again.
 */
async function withoutPlace(place: Place, ask: () => Promise<TaskRow | null>): Promise<TaskRow | null> {
  place.leave();
  let ended: TaskRow | null;
  try {
    ended = await ask();
  } catch (error) {
    place.retake();
    throw error;
  }
  if (ended === null) await place.rejoin();
  else place.retake();
  return ended;
}

async function endAndClaim(
  batches: ServiceContext['batches'],
  end: EndRunCall,
  { request, columns, answer }: NextClaim,
): Promise<TaskRow | null> {
  const claim = { ...request, runId: newId('run') };
  const handedIn = await askOrNull(batches.handIns, { end, claim, columns });
  if (handedIn === null) return null;
  const { reason, task, run } = handedIn.claimed;
  // If the agent is locked, the claim waits by itself.
  if (reason !== 'AGENT_LOCKED') answer({ reason, task, run });
  return handedIn.ended.task;
}
