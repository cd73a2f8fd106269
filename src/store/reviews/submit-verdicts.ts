import { MAX_REVIEW_CYCLES } from '../../domain/limits.js';
import type { Verdict } from '../../domain/reviews/verdict.js';
import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskKey, TaskRow } from '../tasks/tasks.js';
import type { ReviewRow } from './reviews.js';

/** The verdict of a review round. */
export interface VerdictCall {
  /** The id for the new review. */
  readonly id: string;
  readonly task: TaskKey;
  /** Null for the current round. */
  readonly round: number | null;
  readonly verdict: Verdict;
  readonly feedback: string | null;
  /** The id for the comment of a rejection. */
  readonly commentId: string;
  /** The key of the caller, which is also the scope of its idempotency key. */
  readonly keyId: string;
  /** The agent that reviews; null if the key does. */
  readonly reviewerId: string | null;
  /** Whether the reviewer must have claimed the round, unless it is the coordinator. */
  readonly needsClaim: boolean;
  readonly coordinatorAgent: string;
  readonly idempotencyKey: string | null;
  /** The hash of the input, to detect a reused key. */
  readonly fingerprint: string | null;
  readonly agentTimeoutMs: number;
}

/** A judged task with its review. */
export interface JudgedTask {
  readonly task: TaskRow;
  readonly review: ReviewRow;
  /** When the task came to REVIEW. */
  readonly since: Date;
}

const TASK = shapeOf<TaskRow>('Task', '*');
const REVIEW = shapeOf<ReviewRow>('QualityReview', '*');

/**
 * Judges the rounds of several tasks in one round trip. Null for a verdict that needs further steps or has to be refused,
 * and that has changed nothing. The statement is its own transaction.
 */
export async function submitVerdicts(
  executor: Executor,
  calls: readonly VerdictCall[],
): Promise<(JudgedTask | null)[]> {
  const rows = await query<{ place: number; task: unknown; review: unknown; since: Date }>(
    executor,
    toStatement(
      sql`SELECT v.place, ${rowOf(TASK, sql`SELECT (v.task).*`)} AS task, ${rowOf(REVIEW, sql`SELECT (v.review).*`)} AS review, v.since
      FROM submit_verdicts(${calls.map(({ id }) => id)}::text[],
        ${calls.map(({ task }) => ('id' in task ? task.id : null))}::text[],
        ${calls.map(({ task }) => ('number' in task ? task.number : null))}::bigint[],
        ${calls.map(({ round }) => round)}::int[], ${calls.map(({ verdict }) => verdict)}::verdict[],
        ${calls.map(({ feedback }) => feedback)}::text[], ${calls.map(({ commentId }) => commentId)}::text[], ${MAX_REVIEW_CYCLES}::int,
        ${calls.map(({ keyId }) => keyId)}::text[], ${calls.map(({ reviewerId }) => reviewerId)}::text[],
        ${calls.map(({ needsClaim }) => needsClaim)}::boolean[],
        ${calls.map(({ coordinatorAgent }) => coordinatorAgent)}::text[],
        ${calls.map(({ idempotencyKey }) => idempotencyKey)}::text[],
        ${calls.map(({ fingerprint }) => fingerprint)}::text[],
        ${calls.map(({ agentTimeoutMs }) => agentTimeoutMs)}::bigint[]) v`,
      'claim',
    ),
  );
  const judged = new Map(
    rows.map(({ place, task, review, since }) => [
      place,
      { task: TASK.parse(task), review: REVIEW.parse(review), since },
    ]),
  );
  return calls.map((_, index) => judged.get(index + 1) ?? null);
}
