import { identifier, sql } from '../../postgres/sql-text.js';
import type { Executor } from '../../postgres/statement.js';
import type { ChildLists } from '../lists/keyset.js';
import { readRows, shapeOf } from '../lists/row-shape.js';
import { CREATED, ID } from '../lists/sort-keys.js';
import type { CommentRow } from './comments.js';

/** The comments on a task, oldest first. Uses comments_task_created_idx. */
export const COMMENTS_OF_TASKS: ChildLists<CommentRow> = {
  from: 'comments t',
  shape: shapeOf('Comment', '*'),
  parent: 't.task_id',
  where: sql`true`,
  order: { tag: 'comment', descending: false, keys: [CREATED, ID] },
};

const SHAPE = shapeOf<CommentRow>('Comment', '*');

/**
 * What people have written since the last run began that handed in a result, or since the task was created, oldest first, at
 * most the newest `limit`. A failed or suspended run does not count: the next one may be of another agent, and a gateway may not
 * remember what the last prompt said. Comments of agents and of the server are left out: the row shows what those of the server
 * explain. Uses comments_task_created_idx and task_runs_task_number_key.
 */
export async function listNewComments(
  executor: Executor,
  taskId: string,
  limit: number,
): Promise<CommentRow[]> {
  const newest = await readRows(
    executor,
    SHAPE,
    sql`SELECT ${identifier(SHAPE.columns.join(', '))} FROM comments t WHERE t.task_id = ${taskId} AND t.author_key_id IS NOT NULL
      AND t.created_at >= coalesce(
        (SELECT max(r.started_at) FROM task_runs r WHERE r.task_id = ${taskId} AND r.outcome = 'SUCCEEDED'), '-infinity')
      ORDER BY t.created_at DESC, t.id DESC LIMIT ${limit}`,
  );
  return newest.reverse();
}
