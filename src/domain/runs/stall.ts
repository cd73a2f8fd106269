import { toDate } from '../../kernel/clock.js';
import { formatIsoDuration } from '../../kernel/durations.js';
import { isSilent } from '../agents/status.js';
import { MAX_STALE_REQUEUES } from '../limits.js';

/** How long silence and an ended lease are borne, in milliseconds. */
export interface StallRules {
  readonly agentTimeoutMs: number;
  /** The least time in progress before an offline agent loses a task, and the grace of one that is alive. */
  readonly staleAfterMs: number;
}

/** An open run and its agent. */
export interface LeaseFacts {
  readonly leaseExpiresAt: Date;
  readonly startedAt: Date;
  /** When the agent last gave a sign of life. */
  readonly lastSeenAt: Date | null;
}

export interface StallFacts extends LeaseFacts {
  /** When `task.lease_expired` was appended for this lease. */
  readonly leaseExpiryNotedAt: Date | null;
  /** Requeues that the task has had for this reason. */
  readonly staleRequeues: number;
  /** A dispatched run's lease is its dispatcher's, and other dispatchers take the run over when it ends. */
  readonly isDispatched: boolean;
}

/** At least so long after its lease a dispatched run is left to dispatchers, in milliseconds. */
const TAKEOVER_MS = 60_000;

/** The run may go on; nothing else can be decided before `untilAt` unless the facts change. */
interface Keep {
  readonly verdict: 'keep';
  readonly untilAt: Date;
}

export type StallDecision =
  | Keep
  /** The lease has ended and the agent is alive: say so, once for this lease. */
  | { readonly verdict: 'note' }
  | { readonly verdict: 'requeue'; readonly requeues: number }
  | { readonly verdict: 'fail' };

export type ReviewStallDecision = Keep | { readonly verdict: 'requeue' };

/**
 * What becomes of a task whose run is open. An ended lease costs an agent that is offline its task as soon as the task
 * has been in progress for `staleAfterMs`; an agent that is alive keeps it for as long again after the lease. The stall
 * after the fifth requeue fails the task. A dispatched run that no dispatcher has taken over, say because none has its
 * gateway any more, is lost after the same grace, whatever its agent does.
 */
export function decideStall(facts: StallFacts, now: Date, rules: StallRules): StallDecision {
  if (facts.leaseExpiresAt > now) return { verdict: 'keep', untilAt: facts.leaseExpiresAt };
  const takenAt = facts.isDispatched
    ? toDate(facts.leaseExpiresAt.getTime() + Math.max(rules.staleAfterMs, TAKEOVER_MS))
    : earliestLossAt(facts, facts.startedAt.getTime() + rules.staleAfterMs, rules);
  if (takenAt <= now) return decideLoss(facts.staleRequeues);
  if (facts.isDispatched) return { verdict: 'keep', untilAt: takenAt };
  const isNoted = facts.leaseExpiryNotedAt !== null;
  if (!isNoted && !isSilent(facts.lastSeenAt, now, rules.agentTimeoutMs)) return { verdict: 'note' };
  return { verdict: 'keep', untilAt: takenAt };
}

/** The same for a review: a reviewer that is offline loses the round at once, one that is alive after the grace. */
export function decideReviewStall(facts: LeaseFacts, now: Date, rules: StallRules): ReviewStallDecision {
  const takenAt = earliestLossAt(facts, 0, rules);
  return takenAt <= now ? { verdict: 'requeue' } : { verdict: 'keep', untilAt: takenAt };
}

/** When the run is lost if nobody gives a sign of life and no lease is renewed. */
function earliestLossAt(facts: LeaseFacts, notBefore: number, rules: StallRules): Date {
  const leaseEnd = facts.leaseExpiresAt.getTime();
  const graceOver = leaseEnd + rules.staleAfterMs;
  // Silent means for longer than the timeout: one millisecond more.
  const offline = facts.lastSeenAt === null ? 0 : facts.lastSeenAt.getTime() + rules.agentTimeoutMs + 1;
  return toDate(Math.max(leaseEnd, Math.min(graceOver, Math.max(offline, notBefore))));
}

function decideLoss(staleRequeues: number): StallDecision {
  if (staleRequeues >= MAX_STALE_REQUEUES) return { verdict: 'fail' };
  return { verdict: 'requeue', requeues: staleRequeues + 1 };
}

/** Why the run was taken from its agent, for people: which agent, silent since when, lease ended when. */
export function explainStall(
  facts: LeaseFacts & { readonly agentName: string; readonly isDispatched?: boolean },
  now: Date,
  rules: StallRules,
): string {
  const end = facts.leaseExpiresAt.toISOString();
  if (facts.isDispatched === true) {
    return `The server that sent it to ${facts.agentName} fell silent, its lease ended at ${end}, and no other server took the run over.`;
  }
  if (facts.lastSeenAt === null) {
    return `${facts.agentName} has never been seen, and its lease ended at ${end}.`;
  }
  if (isSilent(facts.lastSeenAt, now, rules.agentTimeoutMs)) {
    return `${facts.agentName} has been silent since ${facts.lastSeenAt.toISOString()}, and its lease ended at ${end}.`;
  }
  const grace = formatIsoDuration(rules.staleAfterMs);
  return `${facts.agentName} is alive, but its lease ended at ${end} and was not renewed within the grace period (${grace}).`;
}

/** What follows for the task, for people. */
export function explainLoss(decision: { readonly requeues: number } | null): string {
  return decision === null
    ? `After ${MAX_STALE_REQUEUES} requeues this stall fails the task.`
    : `Requeue ${decision.requeues} of ${MAX_STALE_REQUEUES}: the task waits for its assignee again.`;
}
