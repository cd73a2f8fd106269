import { identifier, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type PresenceRules, presence } from '../agents/presence.js';
import { hasRoomForTask } from '../runs/capacity.js';

/** An agent, and what keeps it from taking a task; nothing if it could take the task now. */
export interface Candidate {
  readonly taskId: string;
  readonly agentId: string;
  readonly reasons: readonly string[];
}

/** The maximum number of agents for each task. */
const MOST = 100;

const HAS_ROOM = identifier(hasRoomForTask('a'));

/**
 * For each of these tasks that waits for an agent: the agents, first those that could take it, by name. Only agents are
 * looked at here; dependencies and times are the same for each of them.
 */
export async function listCandidates(
  executor: Executor,
  taskIds: readonly string[],
  rules: PresenceRules,
): Promise<Candidate[]> {
  const isThere = sql`is_there(a, ${presence(rules)})`;
  const mayTakeAgain = sql`may_take_again(a.id, t.requires, t.released_by, ${presence(rules)})`;
  return query<Candidate>(
    executor,
    toStatement(sql`SELECT t.id AS task_id, c.agent_id, c.reasons FROM tasks t CROSS JOIN LATERAL (
        SELECT * FROM (SELECT a.id AS agent_id, a.name, array_remove(ARRAY[
            CASE WHEN a.id <> t.assignee_id THEN 'assigned to ' || (SELECT o.name FROM agents o WHERE o.id = t.assignee_id) END,
            CASE WHEN t.assignee_id IS NULL AND NOT a.accepts_inbox THEN 'does not accept tasks of the inbox' END,
            CASE WHEN a.paused_at IS NOT NULL THEN 'paused' END,
            CASE WHEN a.delivery = 'PULL' AND NOT ${isThere} THEN 'offline' END,
            CASE WHEN a.delivery = 'PUSH' AND a.error_at IS NOT NULL THEN 'refused by its gateway'
              WHEN a.delivery = 'PUSH' AND NOT ${isThere} THEN 'its gateway is missing or can''t be reached' END,
            CASE WHEN NOT ${HAS_ROOM} THEN 'at capacity' END,
            CASE WHEN t.assignee_id IS NULL AND NOT ${mayTakeAgain} THEN 'released it' END
          ], NULL) || ARRAY(SELECT 'lacks ' || word FROM unnest(t.requires) word WHERE word <> ALL(a.capabilities)) AS reasons
          FROM agents a) each ORDER BY each.reasons <> '{}', each.name LIMIT ${MOST}) c
      WHERE t.id = ANY(${taskIds}::text[]) AND t.status IN ('INBOX', 'ASSIGNED')
      ORDER BY t.id, c.reasons <> '{}', c.name`),
  );
}
