import { type Executor, query } from '../../postgres/statement.js';
import type { Transaction } from '../../postgres/transaction.js';
import type { TaskRow } from '../tasks/tasks.js';

/** An open run with the facts that decide whether its agent loses it. */
interface OpenLease {
  readonly runId: string;
  readonly taskId: string;
  readonly agentId: string;
  readonly agentName: string;
  readonly startedAt: Date;
  readonly leaseExpiresAt: Date;
  readonly lastSeenAt: Date | null;
  /** The time of the database clock. */
  readonly nowAt: Date;
}

export interface TaskLease extends OpenLease {
  readonly leaseExpiryNotedAt: Date | null;
  readonly staleRequeues: number;
  readonly isDispatched: boolean;
}

export interface ReviewLease extends OpenLease {
  readonly round: number;
}

/** The two kinds of leases: on a task and on a review round. */
export interface Leases {
  readonly task: TaskLease;
  readonly review: ReviewLease;
}

export type LeaseKind = keyof Leases;

/** The position of a lease: a page begins after it. */
export type LeasePlace = Pick<OpenLease, 'leaseExpiresAt' | 'runId'>;

const TABLES = { task: 'task_runs', review: 'review_runs' } as const;
/** Excludes dispatched reviews: the server that called the reviewer renews their leases. */
const BY_AGENTS = { task: '', review: "AND trigger = 'CLAIM'" } as const;
const OWN_FACTS = {
  task: "r.lease_expiry_noted_at, t.stale_requeues, r.trigger = 'DISPATCH' AS is_dispatched",
  review: 'r.round',
} as const;

/**
 * Open runs whose lease has expired, earliest expiry first. They are not locked, so the caller decides again under locks.
 * Reads the head of task_runs_open_lease or review_runs_open_lease, where live leases are last.
 */
export async function listEndedLeases<Kind extends LeaseKind>(
  executor: Executor,
  kind: Kind,
  after: LeasePlace | null,
  limit: number,
): Promise<Leases[Kind][]> {
  const page = `SELECT id FROM ${TABLES[kind]}
    WHERE outcome = 'RUNNING' ${BY_AGENTS[kind]} AND lease_expires_at <= now() AND (lease_expires_at, id) > ($1::timestamptz, $2)
    ORDER BY lease_expires_at, id LIMIT $3`;
  return query<Leases[Kind]>(executor, {
    name: `list_ended_leases_of_${kind}s`,
    text: `${factsText(kind, page)} ORDER BY r.lease_expires_at, r.id`,
    values: [after?.leaseExpiresAt ?? '-infinity', after?.runId ?? '', limit],
  });
}

/**
 * Locks a task and its open run, in this order. Null if the run has ended, or if one of the two is locked: then a call of
 * its agent, of an operator or of another process is running, and the next sweep sees its result.
 */
export async function takeLeasedTask(
  tx: Transaction,
  kind: LeaseKind,
  { taskId, runId }: Pick<OpenLease, 'taskId' | 'runId'>,
): Promise<TaskRow | null> {
  return tx.one<TaskRow>({
    name: `take_leased_task_of_${kind}`,
    text: `SELECT t.* FROM tasks t JOIN ${TABLES[kind]} r ON r.task_id = t.id
      WHERE t.id = $1 AND r.id = $2 AND r.outcome = 'RUNNING' FOR NO KEY UPDATE OF t, r SKIP LOCKED`,
    values: [taskId, runId],
  });
}

/** The current facts. With the locks of `takeLeasedTask` held, they include every renewal. */
export async function readLease<Kind extends LeaseKind>(
  tx: Transaction,
  kind: Kind,
  runId: string,
): Promise<Leases[Kind] | null> {
  return tx.one<Leases[Kind]>({
    name: `read_lease_of_${kind}`,
    text: factsText(kind, 'SELECT $1::text AS id'),
    values: [runId],
  });
}

/** Records that the event log contains the expiry of this lease. A renewal resets it. */
export async function noteLeaseExpiry(tx: Transaction, runId: string): Promise<void> {
  await tx.query({
    name: 'note_lease_expiry',
    text: `UPDATE task_runs SET lease_expiry_noted_at = now() WHERE id = $1 AND outcome = 'RUNNING'`,
    values: [runId],
  });
}

/** Milliseconds until the first live lease expires; null if there is none. Takes one index lookup. */
export async function findNextLeaseEndMs(executor: Executor, kind: LeaseKind): Promise<number | null> {
  const [row] = await query<{ inMs: number }>(executor, {
    name: `find_next_lease_end_of_${kind}s`,
    text: `SELECT (extract(epoch FROM lease_expires_at - now()) * 1000)::float8 AS in_ms FROM ${TABLES[kind]}
      WHERE outcome = 'RUNNING' ${BY_AGENTS[kind]} AND lease_expires_at > now() ORDER BY lease_expires_at LIMIT 1`,
  });
  return row?.inMs ?? null;
}

/** @param runs - a query for run ids. */
function factsText(kind: LeaseKind, runs: string): string {
  return `SELECT r.id AS run_id, r.task_id, r.agent_id, a.name AS agent_name, r.started_at, r.lease_expires_at,
      a.last_seen_at, ${OWN_FACTS[kind]}, clock_timestamp() AS now_at
    FROM (${runs}) ids JOIN ${TABLES[kind]} r ON r.id = ids.id JOIN agents a ON a.id = r.agent_id JOIN tasks t ON t.id = r.task_id`;
}
