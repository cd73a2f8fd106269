import { sql } from '../../postgres/sql-text.js';
import type { ChildLists } from '../lists/keyset.js';
import { type Columns, shapeOf } from '../lists/row-shape.js';
import type { TaskRunRow } from './runs.js';

/** The runs of a task, oldest first. Uses task_runs_task_number_key. Only the given columns are read: texts may be long. */
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
