import type { TestServices } from '../factories/services.js';
import type { Row } from './sql.js';

/**
 * Everything that is stored about a task and its agents, so that a test can assert that no column of any row has changed.
 */
export async function snapshotOf(
  services: Pick<TestServices, 'sql'>,
  taskId: string,
): Promise<Row | undefined> {
  const [row] = await services.sql(
    `SELECT (SELECT to_jsonb(t) FROM tasks t WHERE t.id = $1) AS task,
      (SELECT jsonb_agg(d ORDER BY d.task_id, d.depends_on_id) FROM task_dependencies d WHERE $1 IN (d.task_id, d.depends_on_id)) AS dependencies,
      (SELECT jsonb_agg(r ORDER BY r.id) FROM task_runs r WHERE r.task_id = $1) AS runs,
      (SELECT jsonb_agg(r ORDER BY r.id) FROM quality_reviews r WHERE r.task_id = $1) AS reviews,
      (SELECT jsonb_agg(r ORDER BY r.id) FROM review_runs r WHERE r.task_id = $1) AS review_runs,
      (SELECT jsonb_agg(c ORDER BY c.id) FROM comments c WHERE c.task_id = $1) AS comments,
      (SELECT jsonb_agg(e ORDER BY e.id) FROM events e WHERE e.task_id = $1) AS events,
      (SELECT jsonb_agg(a ORDER BY a.id) FROM agents a WHERE a.id = (SELECT assignee_id FROM tasks WHERE id = $1)
        OR a.id IN (SELECT agent_id FROM task_runs WHERE task_id = $1)
        OR a.id IN (SELECT agent_id FROM review_runs WHERE task_id = $1)) AS agents`,
    [taskId],
  );
  return row;
}
