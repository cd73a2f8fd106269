import type { TaskStatus } from '../../../src/domain/tasks/task-status.js';
import { newId } from '../../../src/kernel/ids.js';
import type { Graph } from './graph.js';

export interface SeedTask {
  readonly title?: string;
  readonly description?: string | null;
  readonly status?: Extract<TaskStatus, 'INBOX' | 'ASSIGNED'>;
  readonly priority?: string;
  readonly tags?: readonly string[];
  readonly assigneeId?: string | null;
  readonly createdAt?: Date;
  readonly updatedAt?: Date;
  readonly dueAt?: Date | null;
}

const PRIORITIES = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];
const EPOCH = Date.parse('2026-11-22T12:00:00Z');

/** Inserts tasks with many equal sort values, so that the last sort key decides. */
export function seedTasks(graph: Graph, count: number): Promise<string[]> {
  const instant = (step: number) => new Date(EPOCH + step * 1_000);
  return insertTasks(
    graph,
    Array.from({ length: count }, (_, i) => ({
      priority: PRIORITIES[(i * 7) % 4]!,
      createdAt: instant(i % 5),
      updatedAt: instant((i * 3) % 7),
      dueAt: i % 3 === 0 ? null : instant((i * 5) % 4),
    })),
  );
}

/** Inserts tasks into the table without any checks. */
export async function insertTasks(graph: Graph, tasks: readonly SeedTask[]): Promise<string[]> {
  const rows = tasks.map((task, i) => ({
    id: newId('task'),
    title: `Task ${i}`,
    description: null,
    status: task.assigneeId ? 'ASSIGNED' : 'INBOX',
    priority: 'MEDIUM',
    tags: [],
    assigneeId: null,
    createdAt: new Date(EPOCH),
    updatedAt: new Date(EPOCH),
    dueAt: null,
    ...task,
  }));
  await graph.services.sql(
    `INSERT INTO tasks (id, title, description, status, priority, tags, assignee_id, created_at, updated_at, due_at)
     SELECT r->>'id', r->>'title', r->>'description', (r->>'status')::task_status, (r->>'priority')::task_priority,
       ARRAY(SELECT jsonb_array_elements_text(r->'tags')), r->>'assigneeId', (r->>'createdAt')::timestamptz,
       (r->>'updatedAt')::timestamptz, (r->>'dueAt')::timestamptz
     FROM jsonb_array_elements($1::jsonb) r`,
    [JSON.stringify(rows)],
  );
  return rows.map((row) => row.id);
}

/** Inserts a review run that has succeeded. */
export async function insertReviewRun(graph: Graph, taskId: string, agentId: string): Promise<string> {
  const id = newId('rvr');
  await graph.services.sql(
    `INSERT INTO review_runs (id, task_id, round, agent_id, outcome, finished_at, lease_ms, prompt, output, input_tokens, output_tokens)
      VALUES ($1, $2, 1, $3, 'SUCCEEDED', now(), 30000, 'asked', 'answered', 7, 3)`,
    [id, taskId, agentId],
  );
  return id;
}
