import type { EventType } from '../../domain/events/event-types.js';
import { type Job, type LoggedEvent, readPayload } from '../job.js';
import type { JobContext } from './job-context.js';

/** Events after which a review round may be sent: it is new or free again, or the reviewer has capacity again. */
const MAKES_WORK: readonly EventType[] = [
  'review.requested',
  'review.submitted',
  'review.requeued',
  'review.failed',
  'agent.created',
  'agent.updated',
  'agent.status_changed',
];

/**
 * Sends each task in REVIEW to the reviewer and applies the verdict. The next run is due when a backoff or a lease
 * ends.
 */
export function runAegisReviewsJob({ reviewDispatcher }: JobContext, everyMs: number): Job {
  return {
    name: 'runAegisReviews',
    everyMs,
    runOnce: () => reviewDispatcher.runOnce(),
    wakingTypes: MAKES_WORK,
    isWokenBy,
  };
}

function isWokenBy(event: LoggedEvent): boolean {
  return event.type !== 'agent.status_changed' || readPayload(event, 'from') === 'PAUSED';
}
