import type { TaskStatus } from '../task-status.js';

/** The reasons why a task waits. */
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
  'NO_FREE_SLOT',
] as const;

/** A reason why a task waits. */
export type WaitingReason = (typeof WAITING_REASONS)[number];

/** The facts that decide why a task waits. */
export interface WaitingFacts {
  readonly status: TaskStatus;
  readonly openDependencies: number;
  readonly startsLater: boolean;
  readonly backsOff: boolean;
  /** Null for a task without an assignee. */
  readonly assignee: {
    readonly isPaused: boolean;
    /** Whether it is silent for too long. A PUSH agent need not make calls, so it is never offline here. */
    readonly isOffline: boolean;
    readonly isAtCapacity: boolean;
  } | null;
  /**
   * Whether there is a reviewer that is not paused, did not do the work and has not escalated the round to a person.
   */
  readonly hasReviewer: boolean;
  /** Whether the reviewer failed and its backoff has not ended. */
  readonly reviewRests: boolean;
  /**
   * Why the server can't send it to its assignee, or in REVIEW to the reviewer. Both are false for agents that poll.
   */
  readonly isGatewayUnreachable: boolean;
  readonly isSchedulerPaused: boolean;
  /** The PUSH agent to which it would be sent, and the gateway. Null unless it waits for that. */
  readonly sentTo: { readonly agentId: string; readonly gatewayName: string } | null;
}

/**
 * Decides every reason why nothing happens with the task now. Empty while it is in progress, after it has ended, and
 * while its agent has capacity and only has to claim it.
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
