import { sql } from '../../postgres/sql-text.js';
import type { ChildLists, List } from '../lists/keyset.js';
import { shapeOf } from '../lists/row-shape.js';
import type { FiringRow, RecurringTaskRow } from './recurring-tasks.js';

const SHAPE = shapeOf<RecurringTaskRow>('RecurringTask', '*');

/** All recurring tasks, by name. Uses recurring_tasks_name_key. */
export const RECURRING_TASKS: List<RecurringTaskRow> = {
  from: 'recurring_tasks t',
  shape: SHAPE,
  where: sql`true`,
  order: {
    tag: 'recurring',
    descending: false,
    keys: [{ sql: 't.name', kind: 'text', of: (row) => row.name }],
  },
};

/** The processed due times of a recurring task, newest first. Uses recurring_firings_pkey. */
export const FIRINGS_OF_RECURRING_TASKS: ChildLists<FiringRow> = {
  from: 'recurring_firings t',
  shape: shapeOf<FiringRow>('RecurringFiring', '*'),
  parent: 't.recurring_task_id',
  where: sql`true`,
  order: {
    tag: 'firing',
    descending: true,
    keys: [{ sql: 't.due_at', kind: 'instant', of: (row) => row.dueAt }],
  },
};
