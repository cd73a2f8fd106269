import type { QualityReview, ReviewRun } from '../../generated/prisma/client.js';
import { assignments, columns } from '../../postgres/sql-assignments.js';
import type { Transaction } from '../../postgres/transaction.js';
import { isReviewUnderWay } from '../runs/capacity.js';
import { reviewQueueOrder } from '../runs/queue-order.js';
import type { TaskRow } from '../tasks/tasks.js';

export type ReviewRow = QualityReview;
export type ReviewRunRow = ReviewRun;

/** Inserts a verdict; its creation time comes from the database clock. */
export async function insertReview(
  tx: Transaction,
  review: Omit<ReviewRow, 'createdAt'>,
): Promise<ReviewRow> {
  const { names, places, values } = columns(review);
  const row = await tx.one<ReviewRow>({
    name: 'insert_review',
    text: `INSERT INTO quality_reviews (${names.join(', ')}) VALUES (${places.join(', ')}) RETURNING *`,
    values,
  });
  if (row === null) throw new Error('INSERT INTO quality_reviews returned no row');
  return row;
}

/** The verdict with this id; null if there is none. */
export async function findReview(tx: Transaction, id: string): Promise<ReviewRow | null> {
  return tx.one<ReviewRow>({
    name: 'find_review',
    text: 'SELECT * FROM quality_reviews WHERE id = $1',
    values: [id],
  });
}

/** The last `cycles` rejections of a task, oldest first: those since its creation or last retry. */
export async function listRejections(tx: Transaction, taskId: string, cycles: number): Promise<ReviewRow[]> {
  const rows = await tx.query<ReviewRow>({
    name: 'list_rejections',
    text: `SELECT * FROM quality_reviews WHERE task_id = $1 AND verdict = 'REJECTED' AND NOT superseded
      ORDER BY round DESC LIMIT $2`,
    values: [taskId, cycles],
  });
  return rows.reverse();
}

/** Whether the agent ever had a run on the task. */
export async function hasWorkedOn(tx: Transaction, taskId: string, agentId: string): Promise<boolean> {
  const row = await tx.one({
    name: 'has_worked_on',
    text: 'SELECT id FROM task_runs WHERE task_id = $1 AND agent_id = $2 LIMIT 1',
    values: [taskId, agentId],
  });
  return row !== null;
}

/**
 * Locks the first task in REVIEW that has no running review and that this agent has not worked on. SKIP LOCKED: two
 * concurrent reviewers get two tasks. Reads tasks_review_queue from its head.
 */
export async function takeReviewableTask(tx: Transaction, agentId: string): Promise<TaskRow | null> {
  return tx.one<TaskRow>({
    name: 'take_reviewable_task',
    text: `SELECT t.* FROM tasks t WHERE t.status = 'REVIEW' AND t.assignee_id IS DISTINCT FROM $1
        AND NOT EXISTS (SELECT FROM review_runs r WHERE r.task_id = t.id AND r.round = t.review_round AND ${isReviewUnderWay('r')})
        AND NOT EXISTS (SELECT FROM task_runs w WHERE w.task_id = t.id AND w.agent_id = $1)
      ORDER BY ${reviewQueueOrder('t')}
      LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED`,
    values: [agentId],
  });
}

/**
 * Serializes the review claims of an agent, so that a repeated call gets the round of the first one. It is an advisory
 * lock, because the agent's row is locked after the task's row everywhere else.
 */
export async function lockReviewer(tx: Transaction, agentId: string): Promise<void> {
  await tx.query({
    name: 'lock_reviewer',
    text: "SELECT pg_advisory_xact_lock(hashtextextended('mission_control.reviewer.' || $1, 0))",
    values: [agentId],
  });
}

/**
 * The number of running reviews of the agent, claimed and dispatched. Uses review_runs_open_by_agent. While `lockReviewer`
 * is held, no other review of the agent can begin.
 */
export async function countReviewsUnderWay(tx: Transaction, agentId: string): Promise<number> {
  const row = await tx.one<{ count: number }>({
    name: 'count_reviews_under_way',
    text: `SELECT count(*)::int AS count FROM review_runs r WHERE r.agent_id = $1 AND ${isReviewUnderWay('r')}`,
    values: [agentId],
  });
  return row?.count ?? 0;
}

/** The oldest open review run that the agent has claimed. A reviewer that restarted gets it again. */
export async function findOpenReviewRunOf(tx: Transaction, agentId: string): Promise<ReviewRunRow | null> {
  return tx.one<ReviewRunRow>({
    name: 'find_open_review_run_of',
    text: "SELECT * FROM review_runs WHERE agent_id = $1 AND outcome = 'RUNNING' AND trigger = 'CLAIM' ORDER BY started_at LIMIT 1",
    values: [agentId],
  });
}

/** The columns of a new review run. */
export type NewReviewRun = Pick<ReviewRunRow, 'id' | 'taskId' | 'round' | 'agentId' | 'leaseMs' | 'prompt'> &
  Partial<Pick<ReviewRunRow, 'trigger' | 'model' | 'gateway' | 'idempotencyKey' | 'dispatcher'>>;

/**
 * Inserts a review run with a lease. Null if the round was taken concurrently: a snapshot from before the other commit
 * still shows the round as free, but the unique index review_runs_one_open prevents a second open run.
 */
export async function openReviewRun(tx: Transaction, run: NewReviewRun): Promise<ReviewRunRow | null> {
  const { names, places, values } = columns(run);
  return tx.one<ReviewRunRow>({
    text: `INSERT INTO review_runs (${names.join(', ')}, lease_expires_at)
      VALUES (${places.join(', ')}, now() + $${values.length + 1}::int * interval '1 millisecond')
      ON CONFLICT (task_id, round) WHERE outcome = 'RUNNING' DO NOTHING RETURNING *`,
    values: [...values, run.leaseMs],
  });
}

/** Renews the lease of an open review run from now on. Null if it has ended. */
export async function renewReviewRun(
  tx: Transaction,
  id: string,
  leaseMs: number,
): Promise<ReviewRunRow | null> {
  return tx.one<ReviewRunRow>({
    name: 'renew_review_run',
    text: `UPDATE review_runs SET lease_ms = $2, lease_expires_at = now() + $2::int * interval '1 millisecond'
      WHERE id = $1 AND outcome = 'RUNNING' RETURNING *`,
    values: [id, leaseMs],
  });
}

/** The review run with this id; null if there is none. */
export async function findReviewRun(tx: Transaction, id: string): Promise<ReviewRunRow | null> {
  return tx.one<ReviewRunRow>({
    name: 'find_review_run',
    text: 'SELECT * FROM review_runs WHERE id = $1',
    values: [id],
  });
}

/** Locks the open review run of a task; null if there is none. */
export async function findOpenReviewRun(tx: Transaction, taskId: string): Promise<ReviewRunRow | null> {
  return tx.one<ReviewRunRow>({
    name: 'find_open_review_run',
    text: "SELECT * FROM review_runs WHERE task_id = $1 AND outcome = 'RUNNING' FOR NO KEY UPDATE",
    values: [taskId],
  });
}

/**
 * Whether the agent may judge this round: it is the coordinator, or it has claimed this round. A claim of another round
 * does not count, because its reviewer has not seen this work.
 */
export async function isEntitledReviewer(
  tx: Transaction,
  of: { taskId: string; round: number; agentId: string; coordinatorAgent: string },
): Promise<boolean> {
  const row = await tx.one({
    name: 'is_entitled_reviewer',
    text: `SELECT FROM agents a WHERE a.id = $1 AND (a.name = $2
      OR EXISTS (SELECT FROM review_runs r WHERE r.agent_id = a.id AND r.task_id = $3 AND r.round = $4))`,
    values: [of.agentId, of.coordinatorAgent, of.taskId, of.round],
  });
  return row !== null;
}

/** Ends an open review run; null if it has already ended. `facts` are other columns. */
export async function closeReviewRun(
  tx: Transaction,
  id: string,
  outcome: Exclude<ReviewRunRow['outcome'], 'RUNNING'>,
  facts: Partial<ReviewRunRow> = {},
): Promise<ReviewRunRow | null> {
  const { sql, values } = assignments(facts, 3);
  return tx.one<ReviewRunRow>({
    text: `UPDATE review_runs SET ${sql.map((part) => `${part}, `).join('')}
        outcome = $2, finished_at = now(), lease_expires_at = NULL
      WHERE id = $1 AND outcome = 'RUNNING' RETURNING *`,
    values: [id, outcome, ...values],
  });
}
