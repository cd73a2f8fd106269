import type { EventType } from '../../domain/events/event-types.js';
import type { ClaimWaiters } from '../service-context.js';

/** Events after which a task may be newly claimable: by its assignee, or by any agent if it has none. */
export const MAKES_WORK: readonly EventType[] = [
  'task.created',
  'task.updated',
  'task.assigned',
  'task.status_changed',
  'task.requeued',
  'task.unblocked',
];

/** Wakes waiting claims for new work of any process. A needless wake costs one claim; a missed one delays work by seconds. */
export function wakeClaims(work: ClaimWaiters, made: readonly { readonly agentId: string | null }[]): void {
  for (const { agentId } of made) work.announce(agentId);
}

/** Events after which a review round may be newly claimable. All waiting reviewers query again, because they are few. */
export const MAKES_REVIEWS: readonly EventType[] = ['review.requested', 'review.requeued', 'review.failed'];
