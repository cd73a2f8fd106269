import type { EventType } from '../../domain/events/event-types.js';
import { systemClock } from '../../kernel/clock.js';
import { findAgent } from '../../store/agents/agents.js';
import { readNow } from '../../store/ops/database-clock.js';
import { adoptAbandonedReviews, findNextReviewMs } from '../../store/reviews/review-dispatch.js';
import { endLeasesOfDead, newDispatcherId } from '../dispatch/dispatcher-id.js';
import type { GatewayReachability } from '../dispatch/gateway-reachability.js';
import { createRunCalls } from '../dispatch/run-calls.js';
import { openReview, REVIEW_LEASE_MS } from './open-review.js';
import type { ReviewContext } from './review-context.js';
import { settleReview } from './settle-review.js';

/** The result of one run of the job. */
export interface ReviewJobRun {
  /** The number of calls that were started or taken over. */
  readonly handled: number;
  /** Milliseconds until the next backoff or lease ends; undefined if there is none. */
  readonly nextInMs: number | undefined;
}

export interface ReviewDispatcherOptions {
  readonly context: Omit<ReviewContext, 'dispatcher'>;
  readonly reachability: GatewayReachability;
  /** The name of this process in the operating system, if known. */
  readonly processName?: string | null;
  /** How long calls may continue after `stop`, in milliseconds, before they are released. */
  readonly stopGraceMs?: number;
}

/** Sends waiting review rounds to the reviewer and applies its verdicts. */
export interface ReviewDispatcher {
  /** Takes over the calls of dead processes and starts new ones while there are free slots. Does not wait for them. */
  runOnce(): Promise<ReviewJobRun>;
  /** Aborts the calls for rounds that ended elsewhere, and of runs that were ended. `ended` are entries of ENDS_ROUND. */
  notice(ended: readonly RoundEnd[]): void;
  /** Calls back when a slot becomes free or a gateway responds again; returns a function that removes the listener. */
  onWork(listener: () => void): () => void;
  /** The number of running calls. */
  underWay(): number;
  /** Starts no more calls, waits a limited time for the running ones, and releases the rest. */
  stop(): Promise<void>;
}

/** The fields of a log entry that `notice` needs. */
interface RoundEnd {
  readonly type: string;
  readonly taskId: string | null;
  readonly payload: unknown;
}

const RUN_LOST: EventType = 'review.requeued';

/** Events that end the review round of a task, or one review run of it. */
export const ENDS_ROUND: readonly EventType[] = [
  'task.approved',
  'task.rejected',
  'task.cancelled',
  RUN_LOST,
];
const STOP_GRACE_MS = 5_000;

function reviewRunIn(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null || !('reviewRunId' in payload)) return undefined;
  return typeof payload.reviewRunId === 'string' ? payload.reviewRunId : undefined;
}

/** Creates the review dispatcher of this process; it does nothing until `runOnce` is called. */
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
  /** The review run by task id, for the running calls of this process. */
  const asked = new Map<string, string>();

  async function takeOver(): Promise<number> {
    const underWay = calls.underWay().map(({ runId }) => runId);
    for (const [taskId, runId] of asked) if (!underWay.includes(runId)) asked.delete(taskId);
    const limit = calls.free();
    const leasedAtMs = systemClock.now();
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
      calls.recover({ run, leasedAtMs }, reviewer, gateway);
    }
    return abandoned.length;
  }

  return {
    async runOnce() {
      const since = await readNow(database.pool);
      let handled = await takeOver();
      while (calls.free() > 0) {
        const leasedAtMs = systemClock.now();
        const opened = await openReview(context, reachability, calls);
        if (opened === null) break;
        asked.set(opened.run.taskId, opened.run.id);
        const { run, task, reviewer, gateway } = opened;
        const facts = { round: run.round, resolution: task.resolution };
        calls.send({ run, leasedAtMs }, reviewer, gateway, { task, facts });
        handled += 1;
      }
      await endLeasesOfDead(database.pool, 'review', dispatcher);
      return { handled, nextInMs: (await findNextReviewMs(database.pool, since)) ?? undefined };
    },
    notice(ended) {
      for (const { type, taskId, payload } of ended) {
        // The round goes on, perhaps by a new call of this process, so the event names its run.
        const runId = type === RUN_LOST ? reviewRunIn(payload) : asked.get(taskId ?? '');
        if (runId !== undefined) calls.lose(runId);
      }
    },
    onWork: calls.onWork,
    underWay: () => calls.underWay().length,
    stop: calls.stop,
  };
}
