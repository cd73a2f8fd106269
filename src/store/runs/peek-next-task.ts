import { identifier, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type PresenceRules, presence } from '../agents/presence.js';
import { hasRoomForTask } from './capacity.js';
import { mayHave, queueOrder } from './queue-order.js';

/**
 * The id of the task that claim_tasks would assign to this agent now; null if there is none, or if the agent is paused or
 * at capacity. Takes no lock and changes nothing, so a claim of another agent may change the result.
 *
 * Reads the heads of tasks_assigned_queue and tasks_inbox_queue by open_heads. Uses tasks_not_before_idx for the few tasks
 * whose `not_before` has passed and that no claim has moved into the queues yet.
 */
export async function peekNextTask(
  executor: Executor,
  agentId: string,
  rules: PresenceRules,
): Promise<string | null> {
  const [row] = await query<{ id: string }>(
    executor,
    toStatement(sql`SELECT t.id FROM agents a CROSS JOIN LATERAL (
        (SELECT id FROM open_heads(a.id, a.capabilities, a.accepts_inbox, '{}', ${presence(rules)}) LIMIT 1)
        UNION ALL
        (SELECT t.id FROM tasks t WHERE t.not_before <= now() AND t.status IN ('INBOX', 'ASSIGNED') AND t.open_dependencies = 0 AND ${MAY_HAVE}
            AND may_take_again(a.id, t.requires, t.released_by, ${presence(rules)})
          ORDER BY ${ORDER} LIMIT 1)
      ) head JOIN tasks t ON t.id = head.id
      WHERE a.id = ${agentId} AND a.paused_at IS NULL AND ${HAS_ROOM} ORDER BY ${ORDER} LIMIT 1`),
  );
  return row?.id ?? null;
}

const HAS_ROOM = identifier(hasRoomForTask('a'));
const ORDER = identifier(queueOrder('t'));
const MAY_HAVE = identifier(mayHave('t', 'a'));
