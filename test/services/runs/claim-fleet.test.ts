import { describe, expect, it } from 'vitest';
import type { AgentRow } from '../../../src/store/agents/agents.js';
import type { TaskRow } from '../../../src/store/tasks/tasks.js';
import { compareInQueue } from '../../model/queue-order.js';
import { claimFor } from '../../support/factories/claims.js';
import { anAgent } from '../../support/factories/factory.js';
import type { TestServices } from '../../support/factories/services.js';
import { useTwoProcesses } from '../../support/factories/use-services.js';

const AGENTS = 16;
const TASKS = 2_000;

/** The tasks that one agent got, in order, and how many it held each time it was AT_CAPACITY. */
interface AgentClaims {
  readonly agent: AgentRow;
  readonly capacity: number;
  readonly tasks: TaskRow[];
  readonly full: number[];
}

describe('sixteen agents in two processes with two thousand mixed tasks', () => {
  let services: TestServices;
  let other: TestServices;
  let allClaims: AgentClaims[];
  let owners: ReadonlyMap<string, string | null>;

  useTwoProcesses(
    async (two) => {
      ({ services, other } = two);
      const agents = await Promise.all(Array.from({ length: AGENTS }, () => anAgent(services)));
      await createMixedTasks(agents);
      allClaims = await Promise.all(
        agents.map((agent, i) => work({ agent, capacity: 5 + 3 * i, tasks: [], full: [] })),
      );
    },
    { keepTasks: true },
  );

  /** A third of the tasks is assigned. Due dates and priorities have few values, so that ties are common. */
  async function createMixedTasks(agents: readonly AgentRow[]): Promise<void> {
    const rows = await services.sql<{ id: string; assignee_id: string | null }>(
      `INSERT INTO tasks (id, title, status, tags, priority, due_at, assignee_id)
       SELECT 'task_' || i, 'Task ' || i, CASE WHEN i % 3 = 1 THEN 'ASSIGNED' ELSE 'INBOX' END::task_status, '{}',
         (enum_range(NULL::task_priority))[1 + (i * 7) % 4],
         CASE WHEN i % 3 = 0 THEN timestamptz '2040-01-01' + (i % 11) * interval '1 day' END,
         CASE WHEN i % 3 = 1 THEN ($2::text[])[1 + (i * 5) % cardinality($2)] END
       FROM generate_series(1, $1::int) i RETURNING id, assignee_id`,
      [TASKS, agents.map(({ id }) => id)],
    );
    owners = new Map(rows.map((row) => [row.id, row.assignee_id]));
  }

  /** Claims through both processes in turn until no task is left, and completes all held tasks when at capacity. */
  async function work(claims: AgentClaims): Promise<AgentClaims> {
    let held = 0;
    for (let turn = 0; ; turn += 1) {
      const process = turn % 2 ? services : other;
      const { reason, task } = await claimFor(process, claims.agent, { maxCapacity: claims.capacity });
      if (reason === 'NO_TASKS_AVAILABLE') return claims;
      if (task !== null) {
        claims.tasks.push(task);
        held += 1;
        continue;
      }
      // AT_CAPACITY comes at the capacity exactly.
      claims.full.push(held);
      await handIn(claims.agent);
      held = 0;
    }
  }

  /** Changes the rows as completeTask does, all in one statement, since this test is about claims. */
  async function handIn(agent: AgentRow): Promise<void> {
    await services.sql(
      `WITH moved AS (UPDATE tasks SET status = 'REVIEW', resolution = 'done', current_run_id = NULL
         WHERE assignee_id = $1 AND status = 'IN_PROGRESS')
       UPDATE task_runs SET outcome = 'SUCCEEDED', finished_at = now(), lease_expires_at = NULL
       WHERE agent_id = $1 AND outcome = 'RUNNING'`,
      [agent.id],
    );
  }

  it('hands out each task exactly once', async () => {
    const ids = allClaims.flatMap(({ tasks }) => tasks.map(({ id }) => id));
    expect(ids).toHaveLength(TASKS);
    expect(new Set(ids).size).toBe(TASKS);
    const [stored] = await services.sql(
      `SELECT (SELECT count(*)::int FROM tasks WHERE status IN ('INBOX', 'ASSIGNED')) AS waiting,
        (SELECT count(*)::int FROM tasks WHERE run_count = 1) AS claimed,
        (SELECT count(*)::int FROM task_runs) AS runs,
        (SELECT count(*)::int FROM events WHERE type = 'task.claimed') AS claims,
        (SELECT count(DISTINCT task_id)::int FROM events WHERE type = 'run.started') AS starts`,
    );
    expect(stored).toEqual({ waiting: 0, claimed: TASKS, runs: TASKS, claims: TASKS, starts: TASKS });
  });

  it('gives every agent its tasks in queue order', () => {
    for (const { tasks } of allClaims) expect(tasks).toEqual([...tasks].sort(compareInQueue));
  });

  it('gives no agent a task that is assigned to another', () => {
    for (const { agent, tasks } of allClaims) {
      expect(tasks.filter(({ id }) => (owners.get(id) ?? agent.id) !== agent.id)).toEqual([]);
    }
    expect([...owners.values()].filter((owner) => owner !== null)).toHaveLength(667);
  });

  it('fills every agent to its capacity and never exceeds it', () => {
    for (const { capacity, tasks, full } of allClaims) {
      expect(full).toEqual(Array(Math.floor(tasks.length / capacity)).fill(capacity));
    }
    expect(allClaims.flatMap(({ full }) => full).length).toBeGreaterThan(AGENTS);
  });
});
