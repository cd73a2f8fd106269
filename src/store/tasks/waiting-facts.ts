import type { TaskStatus } from '../../domain/tasks/task-status.js';
import {
  WAITING_RULES,
  type WaitingFact,
  type WaitingFacts,
  type WaitingReason,
} from '../../domain/tasks/waiting-reasons.js';
import { anyOf, identifier, joinSql, type Sql, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import { type PresenceRules, presence } from '../agents/presence.js';
import { hasRoomForTask, isReviewUnderWay } from '../runs/capacity.js';

export interface WaitingSettings extends PresenceRules {
  readonly coordinatorAgent: string;
  /** The PUSH agents for which no process has a free slot. */
  readonly slotlessAgentIds: readonly string[];
}

/** The status of a task, and the facts behind its `waitingOn`. */
export interface StatusFacts extends WaitingFacts {
  readonly id: string;
  readonly status: TaskStatus;
}

/** The facts from which `waitingOn` is derived, for several tasks, by the database clock. */
export async function listWaitingFacts(
  executor: Executor,
  ids: readonly string[],
  settings: WaitingSettings,
): Promise<StatusFacts[]> {
  const facts = Object.entries(factsOf(settings));
  const columns = facts.map(([name, fact]) => sql`coalesce(${fact}, false) AS ${identifier(toColumn(name))}`);
  return query<StatusFacts>(
    executor,
    toStatement(
      sql`SELECT t.id, t.status, ${joinSql(columns, ', ')} FROM tasks t WHERE t.id = ANY(${ids}::text[])`,
    ),
  );
}

function toColumn(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Whether one of these reasons keeps the task `t` waiting. An unknown result counts as no. Facts are not wrapped in a function,
 * so that the partial indexes of tasks that are blocked, start later or back off are used.
 */
export function waitsOn(reasons: readonly WaitingReason[], settings: WaitingSettings): Sql {
  const facts = factsOf(settings);
  const holds = ({ statuses, fact }: (typeof WAITING_RULES)[number]) =>
    sql`(t.status = ANY(${statuses}::task_status[]) AND ${facts[fact]})`;
  const told = WAITING_RULES.filter(({ reason }) => reasons.includes(reason)).map(holds);
  if (!reasons.includes('WAITING_FOR_CLAIM')) return anyOf(told);
  const isFree = sql`(t.status IN ('INBOX', 'ASSIGNED') AND ${anyOf(WAITING_RULES.map(holds))} IS NOT TRUE)`;
  return anyOf([...told, isFree]);
}

const HAS_ROOM = identifier(`(${hasRoomForTask('a')})`);

/** Each fact as a condition on the task `t`. */
function factsOf(settings: WaitingSettings): Readonly<Record<WaitingFact, Sql>> {
  const { agentTimeoutMs } = settings;
  const isSilent = sql`coalesce(a.last_seen_at < now() - ${agentTimeoutMs} * interval '1 millisecond', true)`;
  const hasCapableAgent = sql`CASE WHEN t.assignee_id IS NULL THEN t.requires = '{}' OR EXISTS (SELECT FROM agents a WHERE ${MAY_HAVE})
    ELSE ${assigneeIs(sql`t.requires <@ a.capabilities`)} END`;
  const hasReviewer = isReviewerThere(settings, sql`true`);
  const isForCoordinator = isLeftToCoordinator(settings);
  const waitsForCall = sql`(t.status <> 'REVIEW' OR ${isForCoordinator})`;
  const lacksFreeAgent = sql`${hasCapableAgent} AND NOT ${hasFreeAgent(settings, sql`true`)}`;
  return {
    hasQuestion: sql`t.open_questions > 0`,
    hasOpenDependencies: sql`t.open_dependencies > 0`,
    startsLater: sql`t.starts_at > now()`,
    backsOff: sql`t.backoff_until > now() AND NOT ${ENDED_BY_LIMIT}`,
    isRateLimited: sql`(t.backoff_until > now() AND ${ENDED_BY_LIMIT}) OR ${isAgentLimited(settings)}`,
    lacksCapableAgent: sql`NOT ${hasCapableAgent}`,
    lacksFreeAgent: sql`${lacksFreeAgent} AND NOT ${hasAgentWithoutGateway(settings)}`,
    lacksGateway: sql`${lacksFreeAgent} AND ${hasAgentWithoutGateway(settings)}`,
    isAssigneePaused: assigneeIs(sql`a.paused_at IS NOT NULL`),
    isAssigneeOffline: sql`${assigneeIs(sql`a.delivery = 'PULL' AND ${isSilent}`)} AND NOT EXISTS (
      SELECT FROM task_runs r WHERE r.id = t.current_run_id AND r.trigger = 'DISPATCH')`,
    isAssigneeAtCapacity: assigneeIs(sql`NOT ${HAS_ROOM}`),
    isGatewayUnreachable: sql`EXISTS (SELECT FROM agents x WHERE ${isSentTo(settings)} AND ${isUnreachable(settings, sql`x`)}) AND ${waitsForCall}`,
    isSchedulerPaused: isJobPaused(settings, waitsForCall),
    lacksFreeSlot: lacksFreeSlot(settings),
    lacksReviewer: sql`NOT ${hasReviewer}`,
    hasReviewer,
    reviewRests: sql`${isForCoordinator} AND ${reviewWaits(sql`(r.outcome <> 'RELEASED' OR r.refused)`)}`,
    isReviewRateLimited: sql`${isForCoordinator} AND (${reviewWaits(sql`r.outcome = 'RELEASED' AND NOT r.refused`)} OR ${isReviewerLimited(settings)})`,
  };
}

/** Whether the last run of the task `t` was released and not refused. Such a task that rests has met a limit of its gateway. */
const ENDED_BY_LIMIT = sql`EXISTS (SELECT FROM task_runs r
  WHERE r.task_id = t.id AND r.number = t.run_count AND r.outcome = 'RELEASED' AND NOT r.refused)`;

/**
 * The PUSH agents whose provider has limited one of their tasks. The list is read once per statement, from
 * tasks_backoff_idx.
 */
const LIMITED_AGENTS = sql`SELECT r.agent_id FROM tasks o
  JOIN task_runs r ON r.task_id = o.id AND r.number = o.run_count
  WHERE o.backoff_until > now() AND o.status IN ('INBOX', 'ASSIGNED')
    AND r.outcome = 'RELEASED' AND NOT r.refused AND r.trigger = 'DISPATCH'`;

/** Whether the assignee is limited; in the inbox, whether each agent that could take the task now is. */
function isAgentLimited(settings: WaitingSettings): Sql {
  return sql`CASE WHEN t.assignee_id IS NOT NULL THEN t.assignee_id IN (${LIMITED_AGENTS})
    ELSE EXISTS (${LIMITED_AGENTS}) AND ${hasFreeAgent(settings, sql`true`)}
      AND NOT ${hasFreeAgent(settings, sql`(a.delivery = 'PULL' OR a.id NOT IN (${LIMITED_AGENTS}))`)} END`;
}

/** Whether the round of the task `t` rests after such a review run. */
function reviewWaits(condition: Sql): Sql {
  return sql`EXISTS (SELECT FROM review_runs r
    WHERE r.task_id = t.id AND r.round = t.review_round AND r.retry_at > now() AND ${condition})`;
}

/** Whether the provider of the coordinator has limited it. Read once per statement, from review_runs_retry_idx. */
function isReviewerLimited({ coordinatorAgent }: WaitingSettings): Sql {
  return sql`EXISTS (SELECT FROM review_runs r JOIN agents c ON c.id = r.agent_id AND c.name = ${coordinatorAgent}
    WHERE r.retry_at > now() AND r.outcome = 'RELEASED' AND NOT r.refused)`;
}

/** Whether the agent `a` may have the task `t` of the inbox. */
const MAY_HAVE = sql`a.accepts_inbox AND t.requires <@ a.capabilities`;

function assigneeIs(condition: Sql): Sql {
  return sql`EXISTS (SELECT FROM agents a WHERE a.id = t.assignee_id AND ${condition})`;
}

/** Whether an agent of this kind could take the task from the inbox now. */
function hasFreeAgent(settings: WaitingSettings, kind: Sql): Sql {
  return sql`EXISTS (SELECT FROM agents a WHERE ${MAY_HAVE} AND a.paused_at IS NULL AND ${kind}
    AND is_there(a, ${presence(settings)}) AND ${HAS_ROOM}
    AND may_take_again(a.id, t.requires, t.released_by, ${presence(settings)}))`;
}

/** Whether an agent could take the task from the inbox now if its gateway could be reached. */
function hasAgentWithoutGateway(settings: WaitingSettings): Sql {
  return sql`EXISTS (SELECT FROM agents a WHERE ${MAY_HAVE} AND a.paused_at IS NULL AND a.error_at IS NULL
    AND ${isUnreachable(settings, sql`a`)} AND ${HAS_ROOM}
    AND may_take_again(a.id, t.requires, t.released_by, ${presence(settings)}))`;
}

/** Whether the server has to send the task: to its assignee, or from the inbox because no agent that asks could take it. */
function isSent(settings: WaitingSettings): Sql {
  return sql`CASE WHEN t.assignee_id IS NULL
    THEN ${hasFreeAgent(settings, sql`a.delivery = 'PUSH'`)} AND NOT ${hasFreeAgent(settings, sql`a.delivery = 'PULL'`)}
    ELSE ${assigneeIs(sql`a.delivery = 'PUSH' AND a.paused_at IS NULL AND ${HAS_ROOM}`)} END`;
}

/** Whether the server has to send the task and has no free slot for any agent that it could send it to. */
function lacksFreeSlot(settings: WaitingSettings): Sql {
  const slotless = sql`${settings.slotlessAgentIds}::text[]`;
  return sql`${isSent(settings)} AND CASE WHEN t.assignee_id IS NULL
    THEN NOT ${hasFreeAgent(settings, sql`a.delivery = 'PUSH' AND a.id <> ALL(${slotless})`)}
    ELSE t.assignee_id = ANY(${slotless}) END`;
}

function isJobPaused(settings: WaitingSettings, waitsForCall: Sql): Sql {
  return sql`EXISTS (SELECT FROM scheduler_jobs j WHERE j.paused_at IS NOT NULL
      AND j.name = CASE t.status WHEN 'REVIEW' THEN 'runAegisReviews' ELSE 'dispatchAssignedTasks' END)
    AND CASE t.status WHEN 'INBOX' THEN ${isSent(settings)}
      ELSE EXISTS (SELECT FROM agents x WHERE ${isSentTo(settings)} AND x.delivery = 'PUSH') AND ${waitsForCall} END`;
}

/** Whether the agent `x` is the one that the task is for, or that its round is sent to. */
function isSentTo({ coordinatorAgent }: WaitingSettings): Sql {
  return sql`CASE t.status WHEN 'REVIEW' THEN x.name = ${coordinatorAgent} ELSE x.id = t.assignee_id END`;
}

/**
 * Whether the round waits for a call to the coordinator. What holds back calls does not hold back a round that a reviewer
 * judges already, or that a PULL reviewer could claim.
 */
function isLeftToCoordinator(settings: WaitingSettings): Sql {
  return sql`(${isReviewerThere(settings, sql`true`)} AND NOT ${isReviewerThere(settings, sql`c.delivery = 'PULL'`)}
    AND NOT EXISTS (SELECT FROM review_runs r
      WHERE r.task_id = t.id AND r.round = t.review_round AND ${IS_REVIEW_UNDER_WAY}))`;
}

const IS_REVIEW_UNDER_WAY = identifier(isReviewUnderWay('r'));

/** Whether a reviewing agent of this kind is there, is not paused, did not do the work itself and has not left the round to a person. */
function isReviewerThere(settings: WaitingSettings, kind: Sql): Sql {
  const { coordinatorAgent } = settings;
  return sql`EXISTS (SELECT FROM agents c WHERE (c.name = ${coordinatorAgent} OR c.role = 'reviewer') AND c.paused_at IS NULL
    AND ${kind} AND ${canBeAsked(settings)} AND c.id IS DISTINCT FROM t.assignee_id
    AND NOT EXISTS (SELECT FROM task_runs r WHERE r.task_id = t.id AND r.agent_id = c.id))`;
}

/** Whether reviewer `c` is an online PULL agent, or is the coordinator with a gateway and has not escalated this round. */
function canBeAsked({ agentTimeoutMs, coordinatorAgent, defaultGateway }: WaitingSettings): Sql {
  return sql`CASE c.delivery WHEN 'PULL' THEN c.last_seen_at >= now() - ${agentTimeoutMs} * interval '1 millisecond'
    ELSE c.name = ${coordinatorAgent} AND coalesce(c.gateway, ${defaultGateway}) IS NOT NULL AND NOT EXISTS (SELECT FROM review_runs r
      WHERE r.task_id = t.id AND r.round = t.review_round AND r.escalated_at >= c.updated_at) END`;
}

/** Whether this agent is a PUSH agent that has no gateway in this process, or one that some process cannot reach. */
function isUnreachable({ defaultGateway, gatewayNames }: WaitingSettings, agent: Sql): Sql {
  const gateway = sql`coalesce(${agent}.gateway, ${defaultGateway})`;
  return sql`${agent}.delivery = 'PUSH' AND (coalesce(${gateway} <> ALL(${gatewayNames}::text[]), true)
    OR EXISTS (SELECT FROM gateway_outages o WHERE o.gateway = ${gateway} AND o.expires_at > now()))`;
}
