import type { Actor } from '../../domain/actor.js';
import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskRow } from '../tasks/tasks.js';
import type { ReviewRunRow } from './reviews.js';

/** A request of a reviewer for a round, with the id for its review run. */
export interface ReviewRequest {
  readonly agentId: string;
  readonly leaseMs: number;
  readonly runId: string;
  readonly coordinatorAgent: string;
  /** The author of the events. */
  readonly actor: Actor;
  readonly agentTimeoutMs: number;
}

/** The answer to one request. */
export interface ReviewAnswer {
  /** The claimed round, without a prompt; null if none waits for the reviewer. */
  readonly claimed: { readonly task: TaskRow; readonly run: ReviewRunRow } | null;
  /** The feedback of the rejections of the task since its creation or last retry, oldest first. */
  readonly feedback: readonly (string | null)[];
  /** Whether it has appended `agent.status_changed`. */
  readonly hasNewStatus: boolean;
}

interface Found {
  readonly place: number;
  readonly hasTask: boolean;
  readonly task: unknown;
  readonly run: unknown;
  readonly feedback: readonly (string | null)[] | null;
  readonly hasNewStatus: boolean;
}

const TASK = shapeOf<TaskRow>('Task', '*');
const RUN = shapeOf<ReviewRunRow>('ReviewRun', '*');

/**
 * Serves the requests of several reviewers in one round trip, in their order; at most one for each. Null for a reviewer that
 * holds a round already, is no reviewer, or that another transaction has locked. The statement is its own transaction.
 */
export async function claimReviews(
  executor: Executor,
  requests: readonly ReviewRequest[],
): Promise<(ReviewAnswer | null)[]> {
  const rows = await query<Found>(
    executor,
    toStatement(
      sql`SELECT c.place, (c.task).id IS NOT NULL AS has_task, ${rowOf(TASK, sql`SELECT (c.task).*`)} AS task,
        ${rowOf(RUN, sql`SELECT (c.run).*`)} AS run, c.feedback, c.has_new_status
      FROM claim_reviews(${requests.map(({ agentId }) => agentId)}::text[], ${requests.map(({ leaseMs }) => leaseMs)}::int[],
        ${requests.map(({ runId }) => runId)}::text[], ${requests.map(({ coordinatorAgent }) => coordinatorAgent)}::text[],
        ${requests.map(({ actor }) => actor.keyId)}::text[], ${requests.map(({ actor }) => actor.agentId)}::text[],
        ${requests.map(({ agentTimeoutMs }) => agentTimeoutMs)}::bigint[]) c`,
      'claim',
    ),
  );
  const answers = new Map(
    rows.map(({ place, hasTask, task, run, feedback, hasNewStatus }) => [
      place,
      {
        claimed: hasTask ? { task: TASK.parse(task), run: RUN.parse(run) } : null,
        feedback: feedback ?? [],
        hasNewStatus,
      },
    ]),
  );
  return requests.map((_, index) => answers.get(index + 1) ?? null);
}

/** Stores the prompt of a review run that has none. */
export async function writeReviewPrompt(executor: Executor, runId: string, prompt: string): Promise<void> {
  await query(executor, {
    name: 'write_review_prompt',
    text: 'UPDATE review_runs SET prompt = $2 WHERE id = $1 AND prompt IS NULL',
    values: [runId, prompt],
  });
}
