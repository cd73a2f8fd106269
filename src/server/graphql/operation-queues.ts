import type { Clock } from '../../kernel/clock.js';
import { FairQueue, type FairQueueLimits, type QueueRefusal } from '../../kernel/fair-queue.js';
import type { ServerLimits } from '../limits.js';
import { protocolError } from '../protocol-error.js';

/** The queues of the operations that have a limit on how many of one key run at once. */
export interface OperationQueues {
  readonly query: FairQueue;
  readonly mutation: FairQueue;
}

/** Creates the queues of a process. */
export function createOperationQueues(limits: ServerLimits, clock: Clock): OperationQueues {
  const common = { waitingPerKey: limits.maxWaitingOperationsPerKey, waitMs: limits.operationWaitMs };
  const queries = { perKey: limits.maxRunningQueriesPerKey, total: limits.maxRunningQueries };
  // No total: the claims of one key must not wait for the mutations of others.
  const mutations = { perKey: limits.maxRunningMutationsPerKey, total: Number.POSITIVE_INFINITY };
  const create = (kind: string, own: FairQueueLimits) =>
    new FairQueue(own, clock, (why) => refuse(why, kind, own));
  return {
    query: create('queries', { ...common, ...queries }),
    mutation: create('mutations', { ...common, ...mutations }),
  };
}

/** A day: events wait for their turn as long as their subscriber does not end its stream. */
const EVENT_WAIT_MS = 86_400_000;

/** Creates the queue of the events that subscriptions resolve. Each stream waits with one event at most. */
export function createEventTurns(limits: ServerLimits, clock: Clock): FairQueue {
  const { maxRunningEventsPerKey: perKey, maxRunningEvents: total } = limits;
  const own = { perKey, total, waitingPerKey: Number.POSITIVE_INFINITY, waitMs: EVENT_WAIT_MS };
  return new FairQueue(own, clock, (why) => refuse(why, 'events', own));
}

/** How long a client that was refused should wait, in seconds. */
const RETRY_SECONDS = 1;

function refuse(reason: QueueRefusal, kind: string, { perKey, waitingPerKey, waitMs }: FairQueueLimits) {
  const what = {
    full: `At most ${perKey} ${kind} of an API key run at once, and ${waitingPerKey} more of this one wait.`,
    overdue: `This operation has waited ${waitMs / 1_000} s for other ${kind} to end.`,
    gone: 'The client has disconnected.',
  }[reason];
  return protocolError('RATE_LIMITED', `${what} Send fewer at once, and try again in ${RETRY_SECONDS} s.`, {
    status: 429,
    headers: { 'retry-after': String(RETRY_SECONDS) },
  });
}
