import type { Actor } from '../../domain/actor.js';
import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import { type AgentRow, lockAgent } from '../agents/agents.js';
import { type Columns, parseRows, rowOf, rowsOf, shapeOf } from '../lists/row-shape.js';
import type { TaskRunRow } from './runs.js';

/** A heartbeat of one agent. */
export interface HeartbeatRequest {
  readonly agentId: string;
  /** The new length of the leases; null keeps that of each run. */
  readonly leaseMs: number | null;
  /** The ids of the runs and reviews to renew; null for all. */
  readonly only: readonly string[] | null;
  readonly agentTimeoutMs: number;
  /** The author of a change of the agent's status. */
  readonly actor: Actor;
}

/** The columns to read of the agent and of its runs. */
export interface HeartbeatColumns {
  readonly agent: Columns<AgentRow>;
  readonly runs: Columns<TaskRunRow>;
}

/** A run on a task, or a review, that ended without a call of its holder. */
export interface LostRunRow extends Pick<TaskRunRow, 'id' | 'taskId' | 'outcome'> {
  /** The round of a review; null for a run on a task. */
  readonly round: number | null;
  readonly lostReason: string;
}

/** The answer to one heartbeat. */
export interface HeartbeatRow {
  readonly agent: AgentRow;
  /** Whether it has appended `agent.status_changed`. */
  readonly hasNewStatus: boolean;
  /** The live runs, with renewed leases. */
  readonly runs: readonly TaskRunRow[];
  readonly lostRuns: readonly LostRunRow[];
}

interface Found {
  readonly place: number;
  readonly agent: unknown;
  readonly hasNewStatus: boolean;
  readonly runs: unknown;
  readonly lost:
    | readonly {
        id: string;
        task_id: string;
        outcome: LostRunRow['outcome'];
        lost_reason: string;
        round: number | null;
      }[]
    | null;
}

/**
 * Serves the heartbeats of several agents in one round trip, in their order; at most one for each agent. Null for an agent
 * that does not exist, or that another transaction has locked, itself or one of its runs. The statement is its own transaction
 * unless it runs in one.
 */
export async function beat(
  executor: Executor,
  requests: readonly HeartbeatRequest[],
  columns: HeartbeatColumns,
): Promise<(HeartbeatRow | null)[]> {
  const agent = shapeOf<AgentRow>('Agent', columns.agent);
  const run = shapeOf<TaskRunRow>('TaskRun', columns.runs);
  const rows = await query<Found>(
    executor,
    toStatement(
      sql`SELECT h.place, ${rowOf(agent, sql`SELECT (h.agent).*`)} AS agent, (h.agent).announced_status <> h.was AS has_new_status,
        ${rowsOf(run, sql`SELECT * FROM unnest(h.runs)`)} AS runs, h.lost
      FROM heartbeat(${requests.map(({ agentId }) => agentId)}::text[], ${requests.map(({ leaseMs }) => leaseMs)}::int[],
        ${requests.map(({ only }) => (only === null ? null : JSON.stringify(only)))}::jsonb[],
        ${requests.map(({ agentTimeoutMs }) => agentTimeoutMs)}::bigint[], ${requests.map(({ actor }) => actor.keyId)}::text[],
        ${requests.map(({ actor }) => actor.agentId)}::text[]) h`,
      'claim',
    ),
  );
  const answers = new Map(
    rows.map(({ place, hasNewStatus, lost, ...found }) => [
      place,
      {
        agent: agent.parse(found.agent),
        hasNewStatus,
        runs: parseRows(run, found.runs),
        lostRuns: (lost ?? []).map(({ task_id: taskId, lost_reason: lostReason, ...rest }) => ({
          ...rest,
          taskId,
          lostReason,
        })),
      },
    ]),
  );
  return requests.map((_, index) => answers.get(index + 1) ?? null);
}

/** Waits for the locks that a heartbeat of the agent needs, and takes them. Returns whether the agent exists. */
export async function lockForHeartbeat(tx: Transaction, agentId: string): Promise<boolean> {
  for (const table of ['task_runs', 'review_runs']) {
    await tx.query({
      name: `lock_claimed_${table}`,
      // In id order, so that this cannot deadlock with a requeue of several tasks.
      text: `SELECT id FROM ${table} WHERE agent_id = $1 AND outcome = 'RUNNING' AND trigger = 'CLAIM' ORDER BY id FOR NO KEY UPDATE`,
      values: [agentId],
    });
  }
  return (await lockAgent(tx, { id: agentId })) !== null;
}
