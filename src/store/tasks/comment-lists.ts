import { sql } from '../../postgres/sql-text.js';
import type { ChildLists } from '../lists/keyset.js';
import { shapeOf } from '../lists/row-shape.js';
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
