import type { WorkWatch } from './work-watch.js';

/** What an entry of the log says about waiting work. */
interface Entry {
  readonly type: string;
  readonly agentId: string | null;
}

/** After these a task may be claimable that was not before: by its assignee, or by anybody if it has none. */
const MAKES_WORK: ReadonlySet<string> = new Set([
  'task.created',
  'task.updated',
  'task.assigned',
  'task.status_changed',
  'task.requeued',
  'task.unblocked',
]);

/** Wakes waiting claims for new work, whichever process made it. A needless wake costs one claim; a missed one, seconds. */
export function announceWork(work: WorkWatch, entries: readonly Entry[]): void {
  for (const { type, agentId } of entries) if (MAKES_WORK.has(type)) work.announce(agentId);
}

/** After these a reviewer may find a round that was not there before. */
const MAKES_REVIEWS: ReadonlySet<string> = new Set(['review.requested', 'review.requeued', 'review.failed']);

/** Wakes the claims that wait for a round, all of them: they are few, and not everybody may have every round. */
export function announceReviews(work: WorkWatch, entries: readonly Entry[]): void {
  if (entries.some(({ type }) => MAKES_REVIEWS.has(type))) work.wakeAll();
}
