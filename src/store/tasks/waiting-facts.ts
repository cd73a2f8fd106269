import type { WaitingFacts } from '../../domain/tasks/waiting-reasons.js';
import { identifier, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { hasRoomForTask } from '../runs/capacity.js';

interface WaitingRow extends Omit<WaitingFacts, 'assignee' | 'sentTo'> {
  readonly id: string;
  readonly hasAssignee: boolean;
  readonly isPaused: boolean;
  readonly isOffline: boolean;
  readonly isAtCapacity: boolean;
  /** Set for a task that waits to be sent to a PUSH agent. */
  readonly agentId: string | null;
  readonly gatewayName: string | null;
}

export interface WaitingSettings {
  readonly agentTimeoutMs: number;
  readonly coordinatorAgent: string;
  /** The gateway of PUSH agents whose config has none. */
  readonly defaultGateway: string | null;
  /** The gateways that are configured for this process. */
  readonly gatewayNames: readonly string[];
}

const HAS_ROOM = identifier(`(${hasRoomForTask('a')})`);

/** The facts from which `waitingOn` is derived, for several tasks, by the database clock. */
export async function listWaitingFacts(
  executor: Executor,
  ids: readonly string[],
  settings: WaitingSettings,
): Promise<Map<string, WaitingFacts>> {
  const { agentTimeoutMs, coordinatorAgent, defaultGateway } = settings;
  const heardSince = sql`now() - ${agentTimeoutMs} * interval '1 millisecond'`;
  const rows = await query<WaitingRow>(
    executor,
    toStatement(sql`SELECT t.id, t.status, t.open_dependencies,
        coalesce(t.starts_at > now(), false) AS starts_later,
        coalesce(t.backoff_until > now(), false) AS backs_off,
        a.id IS NOT NULL AS has_assignee,
        a.paused_at IS NOT NULL AS is_paused,
        a.delivery = 'PULL' AND coalesce(a.last_seen_at < ${heardSince}, true) AS is_offline,
        NOT ${HAS_ROOM} AS is_at_capacity,
        t.status = 'REVIEW' AND EXISTS (
          SELECT FROM agents c WHERE (c.name = ${coordinatorAgent} OR c.role = 'reviewer') AND c.paused_at IS NULL
            AND ${canBeAsked(heardSince, coordinatorAgent, defaultGateway)}
            AND c.id IS DISTINCT FROM t.assignee_id
            AND NOT EXISTS (SELECT FROM task_runs r WHERE r.task_id = t.id AND r.agent_id = c.id)) AS has_reviewer,
        t.status = 'REVIEW' AND EXISTS (SELECT FROM review_runs r
          WHERE r.task_id = t.id AND r.round = t.review_round AND r.retry_at > now()) AS review_rests,
        CASE WHEN t.status = 'ASSIGNED' AND x.delivery = 'PUSH' THEN x.id END AS agent_id,
        coalesce(x.gateway, ${defaultGateway}) AS gateway_name,
        coalesce(${isUnreachable(settings)}, false) AS is_gateway_unreachable,
        coalesce(x.delivery = 'PUSH', false) AND EXISTS (SELECT FROM scheduler_jobs j WHERE j.paused_at IS NOT NULL
          AND j.name = CASE t.status WHEN 'REVIEW' THEN 'runAegisReviews' ELSE 'dispatchAssignedTasks' END) AS is_scheduler_paused
      FROM tasks t LEFT JOIN agents a ON a.id = t.assignee_id
      LEFT JOIN agents x ON CASE t.status WHEN 'REVIEW' THEN x.name = ${coordinatorAgent} ELSE x.id = t.assignee_id END
      WHERE t.id = ANY(${ids}::text[])`),
  );
  return new Map(rows.map((row) => [row.id, toFacts(row)]));
}

function toFacts(row: WaitingRow): WaitingFacts {
  const { agentId, gatewayName } = row;
  const sentTo = agentId === null || gatewayName === null ? null : { agentId, gatewayName };
  return { ...row, assignee: row.hasAssignee ? row : null, sentTo };
}

/** Whether reviewer `c` is an online PULL agent, or is the coordinator with a gateway and has not escalated this round. */
function canBeAsked(heardSince: Sql, coordinatorAgent: string, defaultGateway: string | null): Sql {
  return sql`CASE c.delivery WHEN 'PULL' THEN c.last_seen_at >= ${heardSince}
    ELSE c.name = ${coordinatorAgent} AND coalesce(c.gateway, ${defaultGateway}) IS NOT NULL AND NOT EXISTS (SELECT FROM review_runs r
      WHERE r.task_id = t.id AND r.round = t.review_round AND r.escalated_at >= c.updated_at) END`;
}

/** Whether the PUSH agent for the task has no gateway in this process, or one that some process cannot reach. */
function isUnreachable({ defaultGateway, gatewayNames }: WaitingSettings): Sql {
  const gateway = sql`coalesce(x.gateway, ${defaultGateway})`;
  return sql`x.delivery = 'PUSH' AND (coalesce(${gateway} <> ALL(${gatewayNames}::text[]), true)
    OR EXISTS (SELECT FROM gateway_outages o WHERE o.gateway = ${gateway} AND o.expires_at > now()))`;
}
