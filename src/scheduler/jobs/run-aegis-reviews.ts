import type { EventType } from '../../domain/events/event-types.js';
import { type Job, type LoggedEvent, readPayload } from '../job.js';
import type { JobContext } from './job-context.js';

/** After these a round may be sent that could not be before: it is new or free again, or the reviewer has a free hand. */
const MAKES_WORK: readonly EventType[] = [
  'review.requested',
  'review.submitted',
  'review.requeued',
  'review.failed',
  'agent.created',
  'agent.updated',
  'agent.status_changed',
];

/** Sends each task in REVIEW to the reviewer and applies its verdicts. Rests until a round has rested or a lease ends. */
export function runAegisReviewsJob({ reviewDispatcher }: JobContext, everyMs: number): Job {
  return {
    name: 'runAegisReviews',
    everyMs,
    runOnce: () => reviewDispatcher.takeTurn(),
    wakingTypes: MAKES_WORK,
    isWokenBy,
  };
}

function isWokenBy(event: LoggedEvent): boolean {
  return event.type !== 'agent.status_changed' || readPayload(event, 'from') === 'PAUSED';
}
