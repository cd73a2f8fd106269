import { toDate } from '../../kernel/clock.js';
import { describeDuration } from '../../kernel/durations.js';
import { isSilent } from '../agents/status.js';
import { MAX_STALE_REQUEUES } from '../limits.js';

/** How long a silent agent and an ended lease are tolerated, in milliseconds. */
export interface StallRules {
  readonly agentTimeoutMs: number;
  /** The shortest time in progress before an offline agent loses a task. Also the grace period of an online agent. */
  readonly staleAfterMs: number;
}

/** An open run and its agent. */
export interface LeaseFacts {
  readonly leaseExpiresAt: Date;
  readonly startedAt: Date;
  /** The time of the agent's last call. */
  readonly lastSeenAt: Date | null;
}

/** An open run of a task, and what happened to the task before. */
export interface StallFacts extends LeaseFacts {
  /** When `task.lease_expired` was appended for this lease. */
  readonly leaseExpiryNotedAt: Date | null;
  /** The number of stale requeues of the task. */
  readonly staleRequeues: number;
  /** Whether a dispatcher holds the lease. When it ends, other dispatchers take over the run. */
  readonly isDispatched: boolean;
}

/** The shortest time, in milliseconds, that other dispatchers have to take over a dispatched run after its lease. */
const TAKEOVER_MS = 60_000;

/** The run may continue. The decision stays the same until `untilAt` unless the facts change. */
interface Keep {
  readonly verdict: 'keep';
  readonly untilAt: Date;
}

/** The effect of an ended lease on a task. */
export type StallDecision =
  | Keep
  /** The lease has ended and the agent is online: append one event for this lease. */
  | { readonly verdict: 'note' }
  | { readonly verdict: 'requeue'; readonly requeues: number }
  | { readonly verdict: 'fail' };

/** The effect of an ended lease on a review. */
export type ReviewStallDecision = Keep | { readonly verdict: 'requeue' };

/**
 * Decides what happens to a task with an open run. When the lease ends, an offline agent loses the task as soon as the
 * task has been in progress for `staleAfterMs`. An online agent keeps it for a grace period of `staleAfterMs` after the
 * lease. The stall after the fifth requeue fails the task. A dispatched run that no dispatcher takes over, for example
 * because none has its gateway any more, is lost after the same grace period, even if its agent is online.
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

/** The same for a review. An offline reviewer loses the round at once, an online one after the grace period. */
export function decideReviewStall(facts: LeaseFacts, now: Date, rules: StallRules): ReviewStallDecision {
  const takenAt = earliestLossAt(facts, 0, rules);
  return takenAt <= now ? { verdict: 'requeue' } : { verdict: 'keep', untilAt: takenAt };
}

/** When the run is lost unless the agent makes a call or the lease is renewed. */
function earliestLossAt(facts: LeaseFacts, notBefore: number, rules: StallRules): Date {
  const leaseEnd = facts.leaseExpiresAt.getTime();
  const graceOver = leaseEnd + rules.staleAfterMs;
  // An agent is offline when it is silent for longer than the timeout, so one millisecond is added.
  const offline = facts.lastSeenAt === null ? 0 : facts.lastSeenAt.getTime() + rules.agentTimeoutMs + 1;
  return toDate(Math.max(leaseEnd, Math.min(graceOver, Math.max(offline, notBefore))));
}

function decideLoss(staleRequeues: number): StallDecision {
  if (staleRequeues >= MAX_STALE_REQUEUES) return { verdict: 'fail' };
  return { verdict: 'requeue', requeues: staleRequeues + 1 };
}

/** Explains to people why an agent lost its run: which agent, silent since when, and when the lease ended. */
export function explainStall(
  facts: LeaseFacts & { readonly agentName: string; readonly isDispatched?: boolean },
  now: Date,
  rules: StallRules,
): string {
  const end = facts.leaseExpiresAt.toISOString();
  if (facts.isDispatched === true) {
    return `The server that dispatched it to ${facts.agentName} stopped, its lease ended at ${end}, and no other server took over the run.`;
  }
  if (facts.lastSeenAt === null) {
    return `${facts.agentName} has never been seen, and its lease ended at ${end}.`;
  }
  if (isSilent(facts.lastSeenAt, now, rules.agentTimeoutMs)) {
    return `${facts.agentName} has been silent since ${facts.lastSeenAt.toISOString()}, and its lease ended at ${end}.`;
  }
  const grace = describeDuration(rules.staleAfterMs);
  return `${facts.agentName} is online, but its lease ended at ${end} and was not renewed within the grace period (${grace}).`;
}

/** Explains to people what follows for the task. */
export function explainLoss(
  decision: { readonly requeues: number } | null,
  { pinned }: { readonly pinned: boolean },
): string {
  return decision === null
    ? `After ${MAX_STALE_REQUEUES} requeues this stall fails the task.`
    : `Requeue ${decision.requeues} of ${MAX_STALE_REQUEUES}: the task ${pinned ? 'waits for its assignee again' : 'is back in the inbox'}.`;
}
