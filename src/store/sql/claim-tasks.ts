import type { Pool } from 'pg';
import { query } from '../statement.js';

/** One agent's wish for a task, with the id its run shall have. */
export interface ClaimRequest {
  readonly agentId: string;
  /** Tasks IN_PROGRESS at most; null for the agent's own setting. */
  readonly maxCapacity: number | null;
  readonly leaseMs: number;
  readonly runId: string;
  /** Whether a run that the agent holds already shall be the answer. */
  readonly resume: boolean;
  readonly idempotencyKey: string | null;
  /** Hash of the input behind the key. */
  readonly fingerprint: string | null;
}

export interface ClaimRow {
  /** 1-based place of the request. */
  readonly request: number;
  readonly reason:
    | 'ASSIGNED'
    | 'CONTINUE_CURRENT'
    | 'AT_CAPACITY'
    | 'NO_TASKS_AVAILABLE'
    | 'AGENT_PAUSED'
    | 'AGENT_LOCKED'
    | 'IDEMPOTENCY_KEY_REUSED';
  readonly taskId: string | null;
  readonly runId: string | null;
}

/**
 * Claims for many requests in one round trip, each in its turn. The function in the database says which locks it takes
 * (agent rows, then queue heads with SKIP LOCKED) and which indexes it reads (tasks_assigned_queue, tasks_inbox_queue,
 * task_runs_open_by_agent). It is a transaction of its own: a process that freezes or dies here holds no lock.
 */
export async function claimTasks(pool: Pool, requests: readonly ClaimRequest[]): Promise<ClaimRow[]> {
  return query<ClaimRow>(pool, {
    name: 'claim_tasks',
    text: 'SELECT * FROM claim_tasks($1::text[], $2::int[], $3::int[], $4::text[], $5::boolean[], $6::text[], $7::text[])',
    values: [
      requests.map((each) => each.agentId),
      requests.map((each) => each.maxCapacity),
      requests.map((each) => each.leaseMs),
      requests.map((each) => each.runId),
      requests.map((each) => each.resume),
      requests.map((each) => each.idempotencyKey),
      requests.map((each) => each.fingerprint),
    ],
  });
}
