import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskKey, TaskRow } from '../tasks/tasks.js';
import type { ReviewRow } from './reviews.js';

/** The approval of a review round. */
export interface Approval {
  /** The id for the new review. */
  readonly id: string;
  readonly task: TaskKey;
  /** Null for the current round. */
  readonly round: number | null;
  readonly feedback: string | null;
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

/** An approved task with its review. */
export interface ApprovedTask {
  readonly task: TaskRow;
  readonly review: ReviewRow;
  /** When the task came to REVIEW. */
  readonly since: Date;
}

const TASK = shapeOf<TaskRow>('Task', '*');
const REVIEW = shapeOf<ReviewRow>('QualityReview', '*');

/**
 * Approves the rounds of several tasks in one round trip. Null for an approval that needs further steps or has to be refused,
 * and that has changed nothing. The statement is its own transaction.
 */
export async function submitVerdicts(
  executor: Executor,
  approvals: readonly Approval[],
): Promise<(ApprovedTask | null)[]> {
  const rows = await query<{ place: number; task: unknown; review: unknown; since: Date }>(
    executor,
    toStatement(
      sql`SELECT v.place, ${rowOf(TASK, sql`SELECT (v.task).*`)} AS task, ${rowOf(REVIEW, sql`SELECT (v.review).*`)} AS review, v.since
      FROM submit_verdicts(${approvals.map(({ id }) => id)}::text[],
        ${approvals.map(({ task }) => ('id' in task ? task.id : null))}::text[],
        ${approvals.map(({ task }) => ('number' in task ? task.number : null))}::bigint[],
        ${approvals.map(({ round }) => round)}::int[], ${approvals.map(({ feedback }) => feedback)}::text[],
        ${approvals.map(({ keyId }) => keyId)}::text[], ${approvals.map(({ reviewerId }) => reviewerId)}::text[],
        ${approvals.map(({ needsClaim }) => needsClaim)}::boolean[],
        ${approvals.map(({ coordinatorAgent }) => coordinatorAgent)}::text[],
        ${approvals.map(({ idempotencyKey }) => idempotencyKey)}::text[],
        ${approvals.map(({ fingerprint }) => fingerprint)}::text[],
        ${approvals.map(({ agentTimeoutMs }) => agentTimeoutMs)}::bigint[]) v`,
      'claim',
    ),
  );
  const approved = new Map(
    rows.map(({ place, task, review, since }) => [
      place,
      { task: TASK.parse(task), review: REVIEW.parse(review), since },
    ]),
  );
  return approvals.map((_, index) => approved.get(index + 1) ?? null);
}
