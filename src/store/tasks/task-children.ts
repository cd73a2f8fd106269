import { sql } from '../../postgres/sql-text.js';
import type { ChildLists, SortKey } from '../lists/keyset.js';
import { type Columns, shapeOf } from '../lists/row-shape.js';
import type { ReviewRow, ReviewRunRow } from '../reviews/reviews.js';
import type { TaskRunRow } from '../runs/runs.js';
import type { CommentRow } from './comments.js';

const CREATED: SortKey<{ createdAt: Date }> = {
  sql: 't.created_at',
  kind: 'instant',
  of: (row) => row.createdAt,
};
const ID: SortKey<{ id: string }> = { sql: 't.id', kind: 'text', of: (row) => row.id };

/** A task's runs, first to last: task_runs_task_number_key. Prompt and output may be long, so they are read on demand. */
export function runsOfTasks(columns: Columns<TaskRunRow>): ChildLists<TaskRunRow> {
  return {
    from: 'task_runs t',
    shape: shapeOf('TaskRun', columns === '*' ? columns : [...columns, 'number']),
    parent: 't.task_id',
    where: sql`true`,
    order: {
      tag: 'run',
      descending: false,
      keys: [{ sql: 't.number', kind: 'number', of: (run) => BigInt(run.number) }],
    },
  };
}

/** A task's comments, oldest first: comments_task_created_idx. */
export const COMMENTS_OF_TASKS: ChildLists<CommentRow> = {
  from: 'comments t',
  shape: shapeOf('Comment', '*'),
  parent: 't.task_id',
  where: sql`true`,
  order: { tag: 'comment', descending: false, keys: [CREATED, ID] },
};

/** A task's reviews, oldest first: quality_reviews_task_created_idx. */
export const REVIEWS_OF_TASKS: ChildLists<ReviewRow> = {
  from: 'quality_reviews t',
  shape: shapeOf('QualityReview', '*'),
  parent: 't.task_id',
  where: sql`true`,
  order: { tag: 'review', descending: false, keys: [CREATED, ID] },
};

/** A task's reviewers at work, first to last: review_runs_task_round_idx. Prompt and output are read on demand. */
export function reviewRunsOfTasks(columns: Columns<ReviewRunRow>): ChildLists<ReviewRunRow> {
  return {
    from: 'review_runs t',
    shape: shapeOf('ReviewRun', columns === '*' ? columns : [...columns, 'round', 'startedAt']),
    parent: 't.task_id',
    where: sql`true`,
    order: {
      tag: 'review run',
      descending: false,
      keys: [
        { sql: 't.round', kind: 'number', of: (run) => BigInt(run.round) },
        { sql: 't.started_at', kind: 'instant', of: (run) => run.startedAt },
        ID,
      ],
    },
  };
}
