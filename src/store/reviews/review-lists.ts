import { sql } from '../../postgres/sql-text.js';
import type { ChildLists } from '../lists/keyset.js';
import { type Columns, shapeOf } from '../lists/row-shape.js';
import { CREATED, ID } from '../lists/sort-keys.js';
import type { ReviewRow, ReviewRunRow } from './reviews.js';

/** The verdicts on a task, oldest first. Uses quality_reviews_task_created_idx. */
export const REVIEWS_OF_TASKS: ChildLists<ReviewRow> = {
  from: 'quality_reviews t',
  shape: shapeOf('QualityReview', '*'),
  parent: 't.task_id',
  where: sql`true`,
  order: { tag: 'review', descending: false, keys: [CREATED, ID] },
};

/** The review runs of a task, oldest first. Uses review_runs_task_round_idx. Only the given columns are read. */
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
