import { columns } from '../../postgres/sql-assignments.js';
import { identifier, sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import { type PresenceRules, presence } from '../agents/presence.js';
import { hasRoomForTask } from '../runs/capacity.js';
import { audience, isInQueue, queueColumns, queueOrder } from '../runs/queue-order.js';
import type { TaskRunRow } from '../runs/runs.js';
import { findTask, type TaskRow } from '../tasks/tasks.js';

/** A PUSH agent with a task that could be dispatched now, its own or one of the inbox. */
export interface ReadyAgent {
  readonly agentId: string;
  readonly agentName: string;
  /** The gateway in its config. */
  readonly gateway: string | null;
}

/**
 * The PUSH agents with work that they have room for, in the order of their first tasks in the queue: of their own, or of
 * the inbox if they accept it. Goes from one agent and audience with waiting tasks to the next in tasks_assigned_queue, and
 * from one audience to the next in tasks_inbox_queue, a step each however long the backlog: ten thousand agents without
 * work cost nothing. An agent whose gateway can't be reached, or refuses it, gets no tasks of the inbox: others can have them.
 */
export async function listReadyAgents(tx: Transaction, rules: PresenceRules): Promise<ReadyAgent[]> {
  await readInOrder(tx);
  const heads = await tx.query<ReadyAgent>(
    toStatement(sql`WITH RECURSIVE own AS (
        (SELECT ${HEAD} FROM tasks t WHERE t.status = 'ASSIGNED' AND ${IN_QUEUE} ORDER BY ${BY_AGENT} LIMIT 1)
        UNION ALL
        SELECT n.* FROM own o CROSS JOIN LATERAL (
          SELECT ${HEAD} FROM tasks t WHERE t.status = 'ASSIGNED' AND ${IN_QUEUE}
            AND (t.assignee_id, ${AUDIENCE}) > (o.assignee_id, o.audience) ORDER BY ${BY_AGENT} LIMIT 1) n)
      SELECT a.id AS agent_id, a.name AS agent_name, a.gateway FROM (
        SELECT o.assignee_id, o.requires, '{}'::text[] AS released_by, ${DUE_OF_OWN} FROM own o
        UNION ALL
        SELECT NULL, i.requires, i.released_by, i.priority, i.due, i.created_at, i.number
        FROM inbox_heads('{}', ARRAY(SELECT DISTINCT c FROM agents a CROSS JOIN unnest(a.capabilities) c WHERE a.delivery = 'PUSH')) i) h
      JOIN agents a ON a.delivery = 'PUSH' AND h.requires <@ a.capabilities AND (a.id = h.assignee_id
        OR h.assignee_id IS NULL AND a.accepts_inbox AND is_there(a, ${presence(rules)})
          AND may_take_again(a.id, h.requires, h.released_by, ${presence(rules)}))
      WHERE a.paused_at IS NULL AND ${HAS_ROOM} ORDER BY h.priority, h.due, h.created_at, h.number, a.id`),
  );
  // An agent has a head for each audience that it belongs to.
  return firstOfEach(heads);
}

function firstOfEach(heads: readonly ReadyAgent[]): ReadyAgent[] {
  const seen = new Set<string>();
  return heads.filter(({ agentId }) => !seen.has(agentId) && seen.add(agentId));
}

const HAS_ROOM = identifier(hasRoomForTask('a'));
const IN_QUEUE = identifier(isInQueue('t'));
const AUDIENCE = identifier(audience('t'));
const HEAD = identifier(`t.assignee_id, ${audience('t')} AS audience, t.requires, ${queueColumns('t')}`);
const BY_AGENT = identifier(`t.assignee_id, ${audience('t')}, ${queueOrder('t')}`);
const DUE_OF_OWN = identifier(
  `o.priority, coalesce(o.due_at, 'infinity'::timestamptz) AS due, o.created_at, o.number`,
);

/** How many PUSH agents name which gateway; null for those that name none. */
export async function countPushAgents(
  executor: Executor,
): Promise<{ readonly gateway: string | null; readonly agents: number }[]> {
  return query(executor, {
    name: 'count_push_agents',
    text: "SELECT gateway, count(*)::int AS agents FROM agents WHERE delivery = 'PUSH' GROUP BY gateway",
  });
}

/** The PUSH agents with the gateway that each names; null for those that name none. */
export async function listPushAgents(
  executor: Executor,
): Promise<{ readonly id: string; readonly gateway: string | null }[]> {
  return query(executor, {
    name: 'list_push_agents',
    text: "SELECT id, gateway FROM agents WHERE delivery = 'PUSH'",
  });
}

/** The gateways that agents name, by name. */
export async function listUsedGateways(executor: Executor): Promise<string[]> {
  const rows = await query<{ gateway: string }>(executor, {
    name: 'list_used_gateways',
    text: 'SELECT DISTINCT gateway FROM agents WHERE gateway IS NOT NULL ORDER BY gateway',
  });
  return rows.map(({ gateway }) => gateway);
}

/** The ids of all PUSH agents. */
export async function listPushAgentIds(executor: Executor): Promise<string[]> {
  const rows = await query<{ id: string }>(executor, {
    name: 'list_push_agent_ids',
    text: "SELECT id FROM agents WHERE delivery = 'PUSH'",
  });
  return rows.map(({ id }) => id);
}

/** Milliseconds until the next task of any agent becomes eligible by time; null if there is none. */
export async function findNextDueMs(executor: Executor): Promise<number | null> {
  const [row] = await query<{ inMs: number }>(executor, {
    name: 'find_next_due',
    // A task that became due after this job run released the due ones counts too, otherwise nothing would wake the next
    // run for it.
    text: `SELECT greatest(extract(epoch FROM not_before - now()) * 1000, 0)::float8 AS in_ms FROM tasks
      WHERE not_before IS NOT NULL AND status IN ('INBOX', 'ASSIGNED') ORDER BY not_before LIMIT 1`,
  });
  return row?.inMs ?? null;
}

/**
 * Disables sorting until the end of the transaction. Right after a large import the statistics are old, and the planner
 * would sort the whole backlog of an agent instead of reading the head of an index in order.
 */
async function readInOrder(tx: Transaction): Promise<void> {
  await tx.query({
    name: 'read_in_order',
    text: "SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)",
  });
}

/**
 * Clears a `not_before` that has passed, as a claim does, for at most a thousand tasks that are not locked. It is
 * unordered, because with old statistics PostgreSQL 14 and 15 would sort all due tasks. Uses tasks_not_before_idx.
 */
export async function releaseDueTasks(executor: Executor): Promise<void> {
  await query(executor, {
    name: 'release_due_tasks',
    text: `UPDATE tasks SET not_before = NULL WHERE id IN (
      SELECT id FROM tasks WHERE not_before <= now() AND status IN ('INBOX', 'ASSIGNED')
      LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED)`,
  });
}

/**
 * Locks the first task in the queue that the agent may have. Tasks that another transaction has locked are skipped, so two
 * processes get two tasks. The task can't change until the commit; the agent can change until it is locked.
 */
export async function takeTaskToSend(
  tx: Transaction,
  agentId: string,
  rules: PresenceRules,
): Promise<TaskRow | null> {
  const taken = await tx.one<{ id: string }>(
    toStatement(sql`SELECT taken.id FROM agents a
      CROSS JOIN LATERAL take_task(a.id, a.capabilities, a.accepts_inbox, NULL, '{}', ${presence(rules)}) taken
      WHERE a.id = ${agentId}`),
  );
  // Read with a statement of its own, because the row may have changed between the snapshot of the first one and the lock.
  return taken === null ? null : findTask(tx, { id: taken.id });
}

export type NewDispatchRun = Pick<
  TaskRunRow,
  | 'id'
  | 'taskId'
  | 'agentId'
  | 'number'
  | 'leaseMs'
  | 'model'
  | 'modelTier'
  | 'modelSignals'
  | 'gateway'
  | 'idempotencyKey'
  | 'prompt'
  | 'dispatcher'
>;

/** Inserts a dispatched run whose lease begins now. */
export async function insertDispatchRun(tx: Transaction, run: NewDispatchRun): Promise<void> {
  const { names, places, values } = columns({ ...run, trigger: 'DISPATCH' });
  const lease = places[Object.keys(run).indexOf('leaseMs')];
  await tx.query({
    name: 'insert_dispatch_run',
    text: `INSERT INTO task_runs (${names.join(', ')}, lease_expires_at)
      VALUES (${places.join(', ')}, now() + ${lease}::int * interval '1 millisecond')`,
    values,
  });
}

/** Updates `last_seen_at` of several agents. Locked rows are skipped; the next renewal updates them. */
export async function markAgentsSeen(executor: Executor, agentIds: readonly string[]): Promise<void> {
  await query(executor, {
    name: 'mark_agents_seen',
    text: `UPDATE agents SET last_seen_at = now() WHERE id IN (
      SELECT id FROM agents WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)`,
    values: [agentIds],
  });
}

/** Dispatched runs whose lease has expired, earliest expiry first, except those that this dispatcher still works on. */
export async function listOrphanedRuns(
  executor: Executor,
  except: readonly string[],
  limit: number,
): Promise<{ readonly runId: string; readonly taskId: string; readonly gateway: string | null }[]> {
  return query(executor, {
    name: 'list_orphaned_runs',
    text: `SELECT id AS run_id, task_id, gateway FROM task_runs
      WHERE outcome = 'RUNNING' AND trigger = 'DISPATCH' AND lease_expires_at <= now() AND id <> ALL($1)
      ORDER BY lease_expires_at LIMIT $2`,
    values: [except, limit],
  });
}

/**
 * Takes over an orphaned run with a new lease. Null if it has ended, if another dispatcher took it over, or if the task or
 * the run is locked. The task is locked first, as everywhere.
 */
export async function takeOverRun(
  tx: Transaction,
  { runId, taskId }: { readonly runId: string; readonly taskId: string },
  dispatcher: string,
  leaseMs: number,
): Promise<TaskRunRow | null> {
  const locked = await tx.one({
    name: 'lock_orphaned_run',
    text: `SELECT t.id FROM tasks t JOIN task_runs r ON r.task_id = t.id
      WHERE t.id = $1 AND r.id = $2 AND r.outcome = 'RUNNING' FOR NO KEY UPDATE OF t, r SKIP LOCKED`,
    values: [taskId, runId],
  });
  if (locked === null) return null;
  return tx.one<TaskRunRow>({
    name: 'take_over_run',
    text: `UPDATE task_runs SET dispatcher = $2, lease_ms = $3, lease_expires_at = now() + $3::int * interval '1 millisecond'
      WHERE id = $1 AND outcome = 'RUNNING' AND trigger = 'DISPATCH' AND lease_expires_at <= now() RETURNING *`,
    values: [runId, dispatcher, leaseMs],
  });
}

/** Milliseconds until the next lease of another dispatcher expires; null if there is none. */
export async function findNextOrphanMs(executor: Executor, dispatcher: string): Promise<number | null> {
  const [row] = await query<{ inMs: number }>(executor, {
    name: 'find_next_orphan',
    text: `SELECT greatest(0, (extract(epoch FROM lease_expires_at - now()) * 1000)::float8) AS in_ms FROM task_runs
      WHERE outcome = 'RUNNING' AND trigger = 'DISPATCH' AND dispatcher IS DISTINCT FROM $1 ORDER BY lease_expires_at LIMIT 1`,
    values: [dispatcher],
  });
  return row?.inMs ?? null;
}

/** Stores an answer that arrived after the run had ended, unless the run has one. Changes nothing else. */
export async function keepLateOutput(
  tx: Transaction,
  runId: string,
  output: string,
  usage: Partial<Pick<TaskRunRow, 'inputTokens' | 'outputTokens' | 'costUsd'>>,
): Promise<void> {
  await tx.query({
    name: 'keep_late_output',
    text: `UPDATE task_runs SET output = $2, input_tokens = coalesce(input_tokens, $3),
        output_tokens = coalesce(output_tokens, $4), cost_usd = coalesce(cost_usd, $5)
      WHERE id = $1 AND output IS NULL`,
    values: [runId, output, usage.inputTokens ?? null, usage.outputTokens ?? null, usage.costUsd ?? null],
  });
}

/** Sets or clears that the gateway refuses the agent permanently. The caller announces the status afterwards. */
export async function writeAgentError(tx: Transaction, agentId: string, refused: boolean): Promise<void> {
  await tx.query({
    name: 'write_agent_error',
    text: `UPDATE agents SET error_at = CASE WHEN $2 THEN now() END WHERE id = $1 AND (error_at IS NOT NULL) <> $2`,
    values: [agentId, refused],
  });
}
