import type { FleetFacts, StandingFacts, TaskCount } from '../../domain/ops/overview.js';
import { TASK_STATUSES } from '../../domain/tasks/task-status.js';
import { type Executor, query } from '../../postgres/statement.js';
import { holdsTask } from '../runs/capacity.js';

/**
 * The number of tasks in each status, including zeros, in lifecycle order. Reads tasks_status_idx once. One count for each status
 * takes half as long as one that groups them.
 */
export function countTasksByStatus(executor: Executor): Promise<TaskCount[]> {
  return query<TaskCount>(executor, {
    name: 'count_tasks_by_status',
    text: `SELECT s.status, (SELECT count(*) FROM tasks t WHERE t.status = s.status)::int AS count
      FROM unnest($1::task_status[]) WITH ORDINALITY AS s (status, place) ORDER BY place`,
    values: [TASK_STATUSES],
  });
}

/** Counts agents, and the tasks they hold (task_runs_open_by_agent). An agent seen in the last `agentTimeoutMs` is online. */
export async function readFleet(executor: Executor, agentTimeoutMs: number): Promise<FleetFacts> {
  const [row] = await query<FleetFacts>(executor, {
    name: 'read_fleet',
    text: `SELECT (count(*) FILTER (WHERE last_seen_at >= now() - $1 * interval '1 millisecond'))::int AS agents_online,
        count(*)::int AS agents_total, coalesce(sum(max_capacity), 0)::int AS capacity_total,
        (SELECT count(*) FROM task_runs r WHERE ${holdsTask('r')})::int AS capacity_in_use
      FROM agents`,
    values: [agentTimeoutMs],
  });
  if (row === undefined) throw new Error('an aggregate returned no row');
  return row;
}

/**
 * Reads when the oldest task that waits for an agent was created (two lookups in tasks_status_idx), and when the longest
 * wait for a verdict began (tasks_review_queue).
 */
export async function readStanding(executor: Executor): Promise<StandingFacts> {
  const [row] = await query<StandingFacts>(executor, {
    name: 'read_standing',
    text: `SELECT least((SELECT min(created_at) FROM tasks WHERE status = 'INBOX'),
          (SELECT min(created_at) FROM tasks WHERE status = 'ASSIGNED')) AS oldest_waiting_since,
        (SELECT min(status_at) FROM tasks WHERE status = 'REVIEW') AS oldest_in_review_since`,
  });
  if (row === undefined) throw new Error('a SELECT without FROM returned no row');
  return row;
}
