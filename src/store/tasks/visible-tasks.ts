import { type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import type { Transaction } from '../../postgres/transaction.js';

/**
 * SQL condition: whether an agent may see the task `t`. It sees tasks that are assigned to it, are in the inbox, or that it
 * created, worked on or reviewed. Reviewers (by role, or as the agent named `coordinatorAgent`) also see tasks in REVIEW.
 * An agent can make its own task depend on a task of the inbox, so a dependency alone shows only its result:
 * {@link resultSeenByAgent}.
 *
 * This is the only definition of the rule. PostgreSQL probes the sub-queries by index for a few tasks and hashes them once
 * for many, so it adds little cost to a list.
 */
export function seenByAgent(agentId: string, coordinatorAgent: string | null): Sql {
  return sql`(t.assignee_id = ${agentId} OR t.status = 'INBOX' OR t.created_by_agent_id = ${agentId}
    OR (t.status = 'REVIEW' AND EXISTS (SELECT FROM agents a
      WHERE a.id = ${agentId} AND (a.role = 'reviewer' OR a.name = ${coordinatorAgent})))
    OR EXISTS (SELECT FROM task_runs r WHERE r.task_id = t.id AND r.agent_id = ${agentId})
    OR EXISTS (SELECT FROM review_runs r WHERE r.task_id = t.id AND r.agent_id = ${agentId}))`;
}

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
