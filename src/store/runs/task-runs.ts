import { sql } from '../../postgres/sql-text.js';
import type { ChildLists } from '../lists/keyset.js';
import { type Columns, shapeOf } from '../lists/row-shape.js';
import type { TaskRunRow } from './runs.js';

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
