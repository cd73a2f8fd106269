import type { TaskStatus } from '../task-status.js';

export const WAITING_REASONS = [
  'DEPENDENCIES',
  'STARTS_LATER',
  'NO_ASSIGNEE',
  'ASSIGNEE_OFFLINE',
  'ASSIGNEE_AT_CAPACITY',
  'ASSIGNEE_PAUSED',
  'BACKOFF',
  'GATEWAY_UNREACHABLE',
  'NO_REVIEWER',
  'REVIEW_PENDING',
  'SCHEDULER_PAUSED',
] as const;

export type WaitingReason = (typeof WAITING_REASONS)[number];

/** What is known about a task that nobody is working on. */
export interface WaitingFacts {
  readonly status: TaskStatus;
  readonly openDependencies: number;
  readonly startsLater: boolean;
  readonly backsOff: boolean;
  /** Null while nobody has it. */
  readonly assignee: {
    readonly isPaused: boolean;
    /** Silent for too long. An agent that work is sent to need not call by itself, so it is never offline here. */
    readonly isOffline: boolean;
    readonly isAtCapacity: boolean;
  } | null;
  /** Whether a reviewing agent is there, is not paused, did not do the work itself and has not left the round to a person. */
  readonly hasReviewer: boolean;
  /** Whether the reviewer failed, and the round rests before it is asked again. */
  readonly reviewRests: boolean;
  /** What keeps the server from sending it to its assignee, or in REVIEW to the reviewer; false if they ask for work. */
  readonly isGatewayUnreachable: boolean;
  readonly isSchedulerPaused: boolean;
}

/**
 * Every reason why the task is not being worked on right now. Empty when it is, when it is over, and when its agent is
 * there with a free hand and only has to ask.
 */
export function decideWaitingOn(facts: WaitingFacts): WaitingReason[] {
  const { status } = facts;
  if (status === 'REVIEW') return whyNotJudged(facts);
  const waits = status === 'INBOX' || status === 'ASSIGNED';
  return waits ? [...whyNotEligible(facts), ...whyNotTaken(facts), ...whyNotSent(facts)] : [];
}

function whyNotJudged(facts: WaitingFacts): WaitingReason[] {
  if (!facts.hasReviewer) return ['NO_REVIEWER'];
  const rests: WaitingReason[] = facts.reviewRests ? ['BACKOFF'] : [];
  return ['REVIEW_PENDING', ...rests, ...whyNotSent(facts)];
}

function whyNotEligible({ openDependencies, startsLater, backsOff }: WaitingFacts): WaitingReason[] {
  const reasons: WaitingReason[] = [];
  if (openDependencies > 0) reasons.push('DEPENDENCIES');
  if (startsLater) reasons.push('STARTS_LATER');
  if (backsOff) reasons.push('BACKOFF');
  return reasons;
}

function whyNotTaken({ assignee }: WaitingFacts): WaitingReason[] {
  if (assignee === null) return ['NO_ASSIGNEE'];
  const reasons: WaitingReason[] = [];
  if (assignee.isPaused) reasons.push('ASSIGNEE_PAUSED');
  if (assignee.isOffline) reasons.push('ASSIGNEE_OFFLINE');
  if (assignee.isAtCapacity) reasons.push('ASSIGNEE_AT_CAPACITY');
  return reasons;
}

function whyNotSent({ isGatewayUnreachable, isSchedulerPaused }: WaitingFacts): WaitingReason[] {
  const reasons: WaitingReason[] = [];
  if (isGatewayUnreachable) reasons.push('GATEWAY_UNREACHABLE');
  if (isSchedulerPaused) reasons.push('SCHEDULER_PAUSED');
  return reasons;
}
