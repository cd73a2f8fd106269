import type { Viewer } from '../../domain/actor.js';
import { askOrNull } from '../../postgres/batch-queue.js';
import type { EndRunCall } from '../../store/runs/end-runs.js';
import type { TaskRow } from '../../store/tasks/tasks.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';

/** What the verbs differ in. */
type Ending = Pick<EndRunCall, 'verb' | 'note' | 'columns'> & Partial<EndRunCall>;

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
 * a transaction of its own, which also finds out why it is refused.
 */
export async function endRunInBatch(
  { batches }: Pick<ServiceContext, 'batches'>,
  viewer: Viewer,
  runId: string | null | undefined,
  ending: Ending,
): Promise<TaskRow | null> {
  // No run has such an id, and the statement could not store it.
  if (typeof runId !== 'string' || toLookup(runId) !== runId) return null;
  const { keyId, agentId } = viewer;
  const ended = await askOrNull(batches.runEnds, { ...NOTHING_ELSE, ...ending, runId, keyId, agentId });
  return ended === null ? null : ended.task;
}
