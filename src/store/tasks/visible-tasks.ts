import { possibleStatuses } from '../../domain/tasks/possible-statuses.js';
import type { TaskFilter } from '../../domain/tasks/task-filter.js';
import type { TaskStatus } from '../../domain/tasks/task-status.js';
import { type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';

/**
 * SQL condition: whether an agent may see the task `t`. It sees tasks that are assigned to it, are in the inbox, or that it
 * created, worked on or reviewed. Reviewers (by role, or as the agent named `coordinatorAgent`) also see tasks in REVIEW.
 * An agent can make its own task depend on a task of the inbox, so a dependency alone shows only its result:
 * {@link resultSeenByAgent}.
 *
 * This file is the only definition of the rule. PostgreSQL probes the sub-queries by index for a few tasks and hashes them once
 * for many, so it adds little cost to a list.
 */
export function seenByAgent(agentId: string, coordinatorAgent: string | null): Sql {
  return sql`(t.assignee_id = ${agentId} OR t.status = 'INBOX' OR t.created_by_agent_id = ${agentId}
    OR (t.status = 'REVIEW' AND EXISTS (SELECT FROM agents a
      WHERE a.id = ${agentId} AND (a.role = 'reviewer' OR a.name = ${coordinatorAgent})))
    OR EXISTS (SELECT FROM task_runs r WHERE r.task_id = t.id AND r.agent_id = ${agentId})
    OR EXISTS (SELECT FROM review_runs r WHERE r.task_id = t.id AND r.agent_id = ${agentId}))`;
}

/** Whether the agent may see each task that matches the filter: those assigned to it, and those in the inbox. */
export function seesAllOf(filter: TaskFilter, { agentId }: { readonly agentId: string }): boolean {
  const { assignee } = filter;
  if (assignee && assignee.length > 0 && assignee.every(({ id }) => id === agentId)) return true;
  return possibleStatuses(filter).every((status) => status === 'INBOX');
}

/** What {@link seenByAgent} depends on for one agent, read before a list. */
export interface SeenTasks {
  readonly agentId: string;
  readonly isReviewer: boolean;
  /** The tasks that the agent created, reviewed, or worked on and that may be assigned to another agent now. */
  readonly otherIds: readonly string[];
}

/** The tasks of a status that the agent sees, apart from {@link seenElsewhere}. An index that begins with the status finds them. */
export function seenInStatus(status: TaskStatus, seen: SeenTasks): Sql {
  return seesAll(status, seen) ? sql`true` : sql`t.assignee_id = ${seen.agentId}`;
}

/** The tasks that the agent sees and {@link seenInStatus} leaves out. */
export function seenElsewhere(statuses: readonly TaskStatus[], seen: SeenTasks): Sql {
  const limited = statuses.filter((status) => !seesAll(status, seen));
  return sql`t.id = ANY(${seen.otherIds}::text[]) AND t.assignee_id IS DISTINCT FROM ${seen.agentId}
    AND t.status = ANY(${limited}::task_status[])`;
}

function seesAll(status: TaskStatus, { isReviewer }: SeenTasks): boolean {
  return status === 'INBOX' || (isReviewer && status === 'REVIEW');
}

/** Of more tasks, a list finds its page faster by checking the rows along its order. */
const MOST_SEEN = 5_000;

/**
 * Reads {@link SeenTasks} of an agent (task_runs_lost_by_agent, former_assignees_pkey, review_runs_agent_idx, tasks_created_by_idx). Null
 * if the tasks are too many to collect.
 *
 * The tasks on which the agent succeeded are not read: they are still assigned to it, or former_assignees has them. An attempt that is
 * open belongs to a task that is assigned to the agent.
 */
export async function findSeenTasks(
  executor: Executor,
  { agentId, coordinatorAgent }: { readonly agentId: string; readonly coordinatorAgent: string },
): Promise<SeenTasks | null> {
  const [row] = await query<{ isReviewer: boolean; ids: readonly string[] }>(executor, {
    name: 'find_seen_tasks',
    text: SEEN,
    values: [agentId, coordinatorAgent],
  });
  const { isReviewer = false, ids = [] } = row ?? {};
  return ids.length > MOST_SEEN ? null : { agentId, isReviewer, otherIds: [...new Set(ids)] };
}

const SEEN = `SELECT EXISTS (SELECT FROM agents WHERE id = $1 AND (role = 'reviewer' OR name = $2)) AS is_reviewer,
    ARRAY(SELECT task_id FROM task_runs WHERE agent_id = $1 AND (lost_reason IS NOT NULL OR outcome NOT IN ('RUNNING', 'SUCCEEDED'))
      UNION ALL SELECT task_id FROM former_assignees WHERE agent_id = $1
      UNION ALL SELECT task_id FROM review_runs WHERE agent_id = $1
      UNION ALL SELECT id FROM tasks WHERE created_by_agent_id = $1 LIMIT ${MOST_SEEN + 1}) AS ids`;

/** SQL condition: whether an agent may see the result of the task `t`, because a task that is assigned to it depends on it. */
export function resultSeenByAgent(agentId: string): Sql {
  return sql`EXISTS (SELECT FROM task_dependencies d JOIN tasks w ON w.id = d.task_id
    WHERE d.depends_on_id = t.id AND w.assignee_id = ${agentId})`;
}

/** Whether an agent may see a task. */
export async function isTaskVisibleToAgent(
  tx: Transaction,
  taskId: string,
  agentId: string,
  coordinatorAgent: string,
): Promise<boolean> {
  const row = await tx.one(
    toStatement(
      sql`SELECT t.id FROM tasks t WHERE t.id = ${taskId} AND ${seenByAgent(agentId, coordinatorAgent)}`,
    ),
  );
  return row !== null;
}
