import type { TaskStatus } from './task-status.js';

/** The reasons why a task waits. */
export const WAITING_REASONS = [
  'DEPENDENCIES',
  'STARTS_LATER',
  'NO_ASSIGNEE',
  'NO_CAPABLE_AGENT',
  'ASSIGNEE_OFFLINE',
  'ASSIGNEE_AT_CAPACITY',
  'ASSIGNEE_PAUSED',
  'WAITING_FOR_CLAIM',
  'BACKOFF',
  'RATE_LIMITED',
  'GATEWAY_UNREACHABLE',
  'NO_FREE_SLOT',
  'NO_REVIEWER',
  'REVIEW_PENDING',
  'SCHEDULER_PAUSED',
  'QUESTION',
] as const;

/** A reason why a task waits. */
export type WaitingReason = (typeof WAITING_REASONS)[number];

/** A fact about a task, each of which is a reason in some statuses. `store/tasks/waiting-facts.ts` has them in SQL. */
export type WaitingFact =
  | 'hasOpenDependencies'
  | 'startsLater'
  /** After a failed attempt. */
  | 'backsOff'
  /** Its last call met a limit of the gateway, or calls for other tasks did, of each agent that could take it. */
  | 'isRateLimited'
  /** No agent has all that it requires; once it has an assignee, that one has not. */
  | 'lacksCapableAgent'
  /** Agents could take it, and each of them is paused, offline or at capacity. */
  | 'lacksFreeAgent'
  /** Agents could take it, and what keeps at least one of them from it is only its gateway. */
  | 'lacksGateway'
  | 'isAssigneePaused'
  /** Silent for too long. An agent that is sent work need not call by itself, so it never is. */
  | 'isAssigneeOffline'
  | 'isAssigneeAtCapacity'
  | 'isGatewayUnreachable'
  | 'isSchedulerPaused'
  | 'lacksFreeSlot'
  | 'lacksReviewer'
  | 'hasReviewer'
  /** After a failure of the reviewer, and no other reviewer could claim the round. */
  | 'reviewRests'
  /** After a limit of the gateway of the reviewer, in this round or another, and no other reviewer could claim the round. */
  | 'isReviewRateLimited'
  | 'hasQuestion';

interface WaitingRule {
  readonly reason: WaitingReason;
  readonly statuses: readonly TaskStatus[];
  readonly fact: WaitingFact;
}

const WAITING: readonly TaskStatus[] = ['INBOX', 'ASSIGNED'];

/**
 * Which fact is a reason in which statuses, in the order in which the reasons are told: the first one alone would keep
 * the task waiting. A task that waits for none of them waits for a claim.
 */
export const WAITING_RULES: readonly WaitingRule[] = [
  { reason: 'DEPENDENCIES', statuses: WAITING, fact: 'hasOpenDependencies' },
  { reason: 'STARTS_LATER', statuses: WAITING, fact: 'startsLater' },
  { reason: 'BACKOFF', statuses: WAITING, fact: 'backsOff' },
  { reason: 'RATE_LIMITED', statuses: WAITING, fact: 'isRateLimited' },
  { reason: 'NO_CAPABLE_AGENT', statuses: WAITING, fact: 'lacksCapableAgent' },
  { reason: 'GATEWAY_UNREACHABLE', statuses: ['INBOX'], fact: 'lacksGateway' },
  { reason: 'NO_ASSIGNEE', statuses: ['INBOX'], fact: 'lacksFreeAgent' },
  { reason: 'ASSIGNEE_PAUSED', statuses: ['ASSIGNED'], fact: 'isAssigneePaused' },
  { reason: 'ASSIGNEE_OFFLINE', statuses: ['ASSIGNED', 'IN_PROGRESS'], fact: 'isAssigneeOffline' },
  { reason: 'ASSIGNEE_AT_CAPACITY', statuses: ['ASSIGNED'], fact: 'isAssigneeAtCapacity' },
  { reason: 'NO_REVIEWER', statuses: ['REVIEW'], fact: 'lacksReviewer' },
  { reason: 'BACKOFF', statuses: ['REVIEW'], fact: 'reviewRests' },
  { reason: 'RATE_LIMITED', statuses: ['REVIEW'], fact: 'isReviewRateLimited' },
  { reason: 'GATEWAY_UNREACHABLE', statuses: ['ASSIGNED', 'REVIEW'], fact: 'isGatewayUnreachable' },
  { reason: 'SCHEDULER_PAUSED', statuses: ['INBOX', 'ASSIGNED', 'REVIEW'], fact: 'isSchedulerPaused' },
  { reason: 'NO_FREE_SLOT', statuses: WAITING, fact: 'lacksFreeSlot' },
  { reason: 'REVIEW_PENDING', statuses: ['REVIEW'], fact: 'hasReviewer' },
  { reason: 'QUESTION', statuses: ['INPUT_REQUIRED'], fact: 'hasQuestion' },
];

export type WaitingFacts = Readonly<Record<WaitingFact, boolean>>;

/** Every reason why the task is not being worked on right now. Empty exactly when it is, or when it is over. */
export function decideWaitingOn(status: TaskStatus, facts: WaitingFacts): WaitingReason[] {
  const rules = WAITING_RULES.filter(({ statuses, fact }) => statuses.includes(status) && facts[fact]);
  return rules.length === 0 ? withoutFacts(status) : rules.map(({ reason }) => reason);
}

/** The reasons why a task waits, and the status to which they belong. */
export interface StatusReasons {
  readonly status: TaskStatus;
  readonly reasons: readonly WaitingReason[];
}

/**
 * The reasons to show beside a status that another statement has read. If the task has changed between the two, the facts
 * belong to another status, and the status shown decides alone: a task that was claimed meanwhile waited for its claim.
 */
export function reasonsBeside(
  shown: TaskStatus,
  current: StatusReasons | undefined,
): readonly WaitingReason[] {
  return current?.status === shown ? current.reasons : withoutFacts(shown);
}

function withoutFacts(status: TaskStatus): WaitingReason[] {
  if (status === 'REVIEW') return ['REVIEW_PENDING'];
  if (status === 'INPUT_REQUIRED') return ['QUESTION'];
  return WAITING.includes(status) ? ['WAITING_FOR_CLAIM'] : [];
}
