import { type AttentionKind, weightOf } from '../../domain/attention/attention.js';
import { TROUBLING_FAILURES } from '../../domain/webhooks/webhook.js';
import { identifier, type Sql, sql } from '../../postgres/sql-text.js';
import { presence } from '../agents/presence.js';
import { isReviewUnderWay } from '../runs/capacity.js';
import { type WaitingSettings, waitsOn } from '../tasks/waiting-facts.js';

/** The maximum number of items of a kind that are counted, and of stuck tasks that are listed. */
export const MOST_ITEMS = 10_000;

/** A schedule that is late by this, in seconds, has been missed by the job. */
export const LATE_S = 60;

/**
 * Where the items of a kind come from. Nothing is stored: an item is there exactly while its rows say so.
 *
 * `facts` selects `weight`, `since`, `item_id` (the end of the subject's id), `version` (which changes when the item does) and
 * `details` (AttentionDetails).
 */
export interface AttentionSource {
  readonly kind: AttentionKind;
  /** The weight that all items of the kind have; null if they differ. */
  readonly weight: number | null;
  readonly facts: (settings: WaitingSettings) => Sql;
}

/** Which items to list or count. */
export interface AttentionFilter {
  /** Null means all kinds. */
  readonly kinds: readonly AttentionKind[] | null;
  readonly acknowledged: boolean;
}

/** The sources of the kinds that the filter names. */
export function sourcesOf({ kinds }: AttentionFilter): readonly AttentionSource[] {
  return ATTENTION_SOURCES.filter(({ kind }) => kinds?.includes(kind) ?? true);
}

/** Whether the item `f` passes the filter. */
export function passes({ acknowledged }: AttentionFilter): Sql {
  return acknowledged ? IS_ACKNOWLEDGED : sql`NOT ${IS_ACKNOWLEDGED}`;
}

const IS_ACKNOWLEDGED = sql`EXISTS (SELECT FROM attention_acknowledgements k WHERE k.item_id = f.item_id AND k.version = f.version)`;

const WARNING = identifier(String(weightOf('WARNING')));
const NOTICE = identifier(String(weightOf('NOTICE')));
const CRITICAL = identifier(String(weightOf('CRITICAL')));

const TASK = sql`'taskId', t.id, 'ref', 'TASK-' || t.number, 'title', left(t.title, 200)`;

/** An instant as a part of a version. */
function mark(instant: Sql): Sql {
  return sql`(extract(epoch FROM ${instant}) * 1000)::bigint::text`;
}

/** The sources of all kinds. */
export const ATTENTION_SOURCES: readonly AttentionSource[] = [
  { kind: 'QUESTION', weight: null, facts: questions },
  { kind: 'REVIEW', weight: weightOf('WARNING'), facts: reviews },
  { kind: 'TASK_FAILED', weight: weightOf('WARNING'), facts: failures },
  { kind: 'TASK_STUCK', weight: weightOf('WARNING'), facts: stuckTasks },
  { kind: 'AGENT_SILENT', weight: weightOf('WARNING'), facts: silentAgents },
  { kind: 'GATEWAY', weight: null, facts: gateways },
  { kind: 'SCHEDULE', weight: null, facts: schedules },
  { kind: 'WEBHOOK', weight: null, facts: webhooks },
];

/** Open questions. One whose deadline has passed is news again. Reads questions_open_idx. */
function questions(): Sql {
  return sql`SELECT CASE WHEN q.escalated_at IS NULL THEN ${WARNING} ELSE ${CRITICAL} END AS weight, q.created_at AS since, right(q.id, 26) AS item_id,
      'QUESTION ' || CASE WHEN q.escalated_at IS NULL THEN '' ELSE 'late ' END || ${mark(sql`q.created_at`)} AS version,
      jsonb_build_object(${TASK}, 'questionId', q.id, 'question', left(q.text, 300), 'agent', a.name, 'isLate', q.escalated_at IS NOT NULL) AS details
    FROM questions q JOIN tasks t ON t.id = q.task_id JOIN task_runs r ON r.id = q.run_id JOIN agents a ON a.id = r.agent_id
    WHERE q.status = 'OPEN'`;
}

/** Rounds for which `waitingOn` says NO_REVIEWER, and that no reviewer judges at this moment. Reads tasks_review_queue. */
function reviews(settings: WaitingSettings): Sql {
  const isUnderWay = identifier(isReviewUnderWay('r'));
  return sql`SELECT ${WARNING} AS weight, greatest(t.status_at, e.escalated_at) AS since, right(t.id, 26) AS item_id,
      'REVIEW ' || t.review_round || ' ' || ${mark(sql`greatest(t.status_at, e.escalated_at)`)} AS version,
      jsonb_build_object(${TASK}, 'reviewer', e.name, 'error', left(e.error, 300)) AS details
    FROM tasks t LEFT JOIN LATERAL (SELECT r.escalated_at, r.error, a.name FROM review_runs r JOIN agents a ON a.id = r.agent_id
      WHERE r.task_id = t.id AND r.round = t.review_round AND r.escalated_at IS NOT NULL ORDER BY r.escalated_at DESC LIMIT 1) e ON true
    WHERE t.status = 'REVIEW' AND ${waitsOn(['NO_REVIEWER'], settings)}
      AND NOT EXISTS (SELECT FROM review_runs r WHERE r.task_id = t.id AND r.round = t.review_round AND ${isUnderWay})`;
}

/** Reads the failed tasks of tasks_status_at_idx from their start: a task failed with its last change of status. */
function failures(): Sql {
  return sql`SELECT ${WARNING} AS weight, t.status_at AS since, right(t.id, 26) AS item_id,
      'TASK_FAILED ' || ${mark(sql`t.status_at`)} AS version,
      jsonb_build_object(${TASK}, 'reason', t.failure_reason, 'detail', left(t.failure_detail, 300)) AS details
    FROM tasks t WHERE t.status = 'FAILED'`;
}

/** What is missing belongs to the version: a task that lacks something else is news. */
function stuckTasks(settings: WaitingSettings): Sql {
  return sql`SELECT ${WARNING} AS weight, s.since::timestamptz(3) AS since, right(t.id, 26) AS item_id,
      'TASK_STUCK ' || ${mark(sql`s.since`)} || md5(concat(s.lacking, s.absent, s.blockers)) AS version,
      jsonb_build_object(${TASK}, 'lacking', s.lacking, 'absent', s.absent, 'blockers', s.blockers) AS details
    FROM stuck_tasks(${presence(settings)}, ${MOST_ITEMS}) s JOIN tasks t ON t.id = s.id`;
}

/** Agents that are OFFLINE and hold a task, or that a task waits for. Reads task_runs_open_by_agent and tasks_assignee_status_idx. */
function silentAgents({ agentTimeoutMs }: WaitingSettings): Sql {
  const since = sql`coalesce(a.last_seen_at + ${agentTimeoutMs} * interval '1 millisecond', a.created_at)`;
  return sql`SELECT ${WARNING} AS weight, ${since} AS since, right(a.id, 26) AS item_id,
      'AGENT_SILENT ' || coalesce(${mark(sql`a.last_seen_at`)}, '') AS version,
      jsonb_build_object('agentId', a.id, 'name', a.name, 'holds', w.holds, 'assigned', w.assigned, 'hasCalled', a.last_seen_at IS NOT NULL) AS details
    FROM agents a CROSS JOIN LATERAL (SELECT
        ARRAY(SELECT 'TASK-' || o.number FROM task_runs r JOIN tasks o ON o.id = r.task_id
          WHERE r.agent_id = a.id AND r.outcome = 'RUNNING' AND r.trigger = 'CLAIM' ORDER BY o.number LIMIT 6) AS holds,
        (SELECT count(*)::int FROM (SELECT FROM tasks o WHERE o.assignee_id = a.id AND o.status = 'ASSIGNED' LIMIT 1000) o) AS assigned
      OFFSET 0) w
    WHERE a.delivery = 'PULL' AND a.paused_at IS NULL AND a.error_at IS NULL
      AND coalesce(a.last_seen_at < now() - ${agentTimeoutMs} * interval '1 millisecond', true)
      AND (w.holds <> '{}' OR w.assigned > 0)`;
}

/** Outages that some process has confirmed lately, and gateways that agents use and this process does not have. */
function gateways({ defaultGateway, gatewayNames }: WaitingSettings): Sql {
  return sql`SELECT CASE WHEN g.state = 'BROKEN' THEN ${CRITICAL} ELSE ${WARNING} END AS weight, g.since, '0' || left(md5(g.gateway), 25) AS item_id,
      'GATEWAY ' || g.state || ' ' || ${mark(sql`g.since`)} AS version,
      jsonb_build_object('gateway', g.gateway, 'state', g.state, 'error', left(g.error, 300), 'remedy', left(g.remedy, 300)) AS details
    FROM (SELECT o.gateway, CASE WHEN o.remedy IS NULL THEN 'UNREACHABLE' ELSE 'BROKEN' END AS state, o.since, o.error, o.remedy
      FROM gateway_outages o WHERE o.expires_at > now()
      UNION ALL
      SELECT coalesce(a.gateway, ${defaultGateway}), 'UNKNOWN', min(a.updated_at), NULL, NULL FROM agents a
      WHERE a.delivery = 'PUSH' AND a.paused_at IS NULL AND coalesce(a.gateway, ${defaultGateway}) <> ALL(${gatewayNames}::text[])
        AND NOT EXISTS (SELECT FROM gateway_outages o WHERE o.gateway = coalesce(a.gateway, ${defaultGateway}) AND o.expires_at > now())
      GROUP BY 1) g`;
}

/**
 * Recurring tasks whose latest due time created no task: it was skipped, or the job has not come to it for a minute. A series of
 * skipped due times is one item, which ends with the next task.
 */
function schedules(): Sql {
  return sql`SELECT CASE WHEN s.is_late THEN ${WARNING} ELSE ${NOTICE} END AS weight, s.since, right(s.id, 26) AS item_id,
      'SCHEDULE ' || CASE WHEN s.is_late THEN 'late' ELSE '' END || ' ' || ${mark(sql`s.since`)} AS version,
      jsonb_build_object('recurringTaskId', s.id, 'name', s.name, 'reason', CASE WHEN s.is_late THEN NULL ELSE s.last_skip_reason END) AS details
    FROM (SELECT r.id, r.name, r.last_skip_reason, l.is_late, CASE WHEN l.is_late THEN r.next_due_at ELSE
          (SELECT min(f.due_at) FROM recurring_firings f WHERE f.recurring_task_id = r.id AND f.task_id IS NULL
            AND f.fired_at > coalesce(r.last_fired_at, '-infinity')) END AS since
      FROM recurring_tasks r CROSS JOIN LATERAL (SELECT coalesce(r.next_due_at < now() - ${LATE_S} * interval '1 second', false) AS is_late OFFSET 0) l
      WHERE r.paused_at IS NULL AND (l.is_late OR r.last_skipped_at > coalesce(r.last_fired_at, '-infinity'))) s
    WHERE s.since IS NOT NULL`;
}

/** Webhooks that the server has paused, and those that have failed several times in a row. */
function webhooks(): Sql {
  const since = sql`CASE WHEN w.pause_reason IS NULL THEN w.failing_since ELSE w.paused_at END`;
  return sql`SELECT CASE WHEN w.pause_reason IS NULL THEN ${WARNING} ELSE ${CRITICAL} END AS weight, ${since} AS since, right(w.id, 26) AS item_id,
      'WEBHOOK ' || CASE WHEN w.pause_reason IS NULL THEN 'failing' ELSE 'paused' END || ' ' || ${mark(since)} AS version,
      jsonb_build_object('webhookId', w.id, 'host', substring(w.url FROM '^[a-z]+://([^/?#]+)'), 'pauseReason', w.pause_reason, 'error', w.last_error) AS details
    FROM webhooks w WHERE w.pause_reason IS NOT NULL OR (w.paused_at IS NULL AND w.failures >= ${TROUBLING_FAILURES})`;
}
