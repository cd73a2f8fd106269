import type { EventType } from '../../domain/events/event-types.js';
import type { ClaimWaiters } from '../service-context.js';

/** After these a task may be claimable that was not before: by its assignee, or by anybody if it has none. */
export const MAKES_WORK: readonly EventType[] = [
  'task.created',
  'task.updated',
  'task.assigned',
  'task.status_changed',
  'task.requeued',
  'task.unblocked',
];

/** Wakes waiting claims for new work, whichever process made it. A needless wake costs one claim; a missed one, seconds. */
export function wakeClaims(work: ClaimWaiters, made: readonly { readonly agentId: string | null }[]): void {
  for (const { agentId } of made) work.announce(agentId);
}

/** After these a reviewer may find a round that was not there before: all claims that wait for one look again, for they are few. */
export const MAKES_REVIEWS: readonly EventType[] = ['review.requested', 'review.requeued', 'review.failed'];
