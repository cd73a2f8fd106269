import { sql } from '../../postgres/sql-text.js';
import type { ChildLists } from '../lists/keyset.js';
import { type Columns, shapeOf } from '../lists/row-shape.js';
import { CREATED, ID } from '../lists/sort-keys.js';
import type { ReviewRow, ReviewRunRow } from './reviews.js';

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
