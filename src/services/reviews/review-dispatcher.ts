import type { EventType } from '../../domain/events/event-types.js';
import { findAgent } from '../../store/agents/agents.js';
import { adoptAbandonedReviews, findNextReviewMs } from '../../store/reviews/review-dispatch.js';
import { endLeasesOfDead, newDispatcherId } from '../dispatch/dispatcher-id.js';
import type { GatewayReachability } from '../dispatch/gateway-reachability.js';
import { createRunCalls } from '../dispatch/run-calls.js';
import { openReview, REVIEW_LEASE_MS } from './open-review.js';
import type { ReviewContext } from './review-context.js';
import { settleReview } from './settle-review.js';

/** What a turn of the job came to. */
export interface ReviewTurn {
  /** Calls to the reviewer that were started or taken over. */
  readonly handled: number;
  /** In how many milliseconds a round has rested or a lease ends, if one is known to. */
  readonly nextInMs: number | undefined;
}

export interface ReviewDispatcherOptions {
  readonly context: Omit<ReviewContext, 'dispatcher'>;
  readonly reachability: GatewayReachability;
  /** What the system calls this process, if it tells. */
  readonly processName?: string | null;
  /** How long a stop lets calls go on, in milliseconds, before it hands them back. */
  readonly stopGraceMs?: number;
}

/** Sends the rounds that wait for a verdict to the reviewer, in this process, and applies what it answers. */
export interface ReviewDispatcher {
  /** Takes over what dead processes have left, starts as many calls as there is room for, and waits for none. */
  takeTurn(): Promise<ReviewTurn>;
  /** Aborts the calls about rounds that somebody else has ended, as entries of ENDS_ROUND tell. */
  notice(ended: readonly { readonly taskId: string | null }[]): void;
  /** Calls back when a slot got free or a gateway answers again; returns the function that ends this. */
  onWork(listener: () => void): () => void;
  /** How many calls are under way. */
  underWay(): number;
  /** Starts no more calls, lets those that are on end for a bounded time, and hands back the rest. */
  stop(): Promise<void>;
}

/** Moves of a task that end its round. */
export const ENDS_ROUND: readonly EventType[] = ['task.approved', 'task.rejected', 'task.cancelled'];
const STOP_GRACE_MS = 5_000;

export function createReviewDispatcher({
  context: surroundings,
  reachability,
  processName = null,
  stopGraceMs = STOP_GRACE_MS,
}: ReviewDispatcherOptions): ReviewDispatcher {
  const dispatcher = newDispatcherId(processName);
  const context: ReviewContext = { ...surroundings, dispatcher };
  const { database } = context;
  const calls = createRunCalls({
    context,
    kind: 'review',
    owner: { dispatcher, leaseMs: REVIEW_LEASE_MS },
    reachability,
    stopGraceMs,
    settle: (run, ending) => settleReview(context, run, ending),
  });
  /** The run of each task whose reviewer is being asked by this process. */
  const asked = new Map<string, string>();

  async function takeOver(): Promise<number> {
    const underWay = calls.underWay().map(({ runId }) => runId);
    for (const [taskId, runId] of asked) if (!underWay.includes(runId)) asked.delete(taskId);
    const limit = calls.free();
    const abandoned =
      limit === 0 ? [] : await adoptAbandonedReviews(database.pool, dispatcher, { limit, underWay });
    for (const run of abandoned) {
      const reviewer = await findAgent(database.pool, { id: run.agentId });
      const gateway = context.gateways.get(run.gateway ?? '');
      if (reviewer === null || gateway === undefined) {
        await settleReview(context, run, { outcome: 'UNKNOWN' });
        continue;
      }
      asked.set(run.taskId, run.id);
      calls.recover(run, reviewer, gateway);
    }
    return abandoned.length;
  }

  return {
    async takeTurn() {
      let handled = await takeOver();
      while (calls.free() > 0) {
        const opened = await openReview(context, reachability);
        if (opened === null) break;
        asked.set(opened.run.taskId, opened.run.id);
        calls.send(opened.run, opened.reviewer, opened.gateway);
        handled += 1;
      }
      await endLeasesOfDead(database.pool, 'review', dispatcher);
      return { handled, nextInMs: (await findNextReviewMs(database.pool)) ?? undefined };
    },
    notice(ended) {
      for (const { taskId } of ended) {
        const runId = taskId === null ? undefined : asked.get(taskId);
        if (runId !== undefined) calls.lose(runId);
      }
    },
    onWork: calls.onWork,
    underWay: () => calls.underWay().length,
    stop: calls.stop,
  };
}
