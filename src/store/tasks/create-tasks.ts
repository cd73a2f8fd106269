import { TASK_FIELD_NAMES } from '../../domain/tasks/task-fields.js';
import { toSnake } from '../../postgres/sql-assignments.js';
import { sql, toStatement } from '../../postgres/sql-text.js';
import { type Executor, query } from '../../postgres/statement.js';
import type { AgentKey } from '../agents/agents.js';
import { rowOf, shapeOf } from '../lists/row-shape.js';
import type { TaskColumns } from './task-lists.js';
import type { NewTask, TaskRow } from './tasks.js';

/** A task to create that has no dependencies. */
export interface TaskToCreate
  extends Omit<
    NewTask,
    'status' | 'assigneeId' | 'openDependencies' | 'createdByKeyId' | 'createdByAgentId'
  > {
  /** The key that creates it, which is also the scope of its idempotency key. */
  readonly keyId: string;
  /** The agent of that key. */
  readonly agentId: string | null;
  readonly assignee: AgentKey | null;
  readonly idempotencyKey: string | null;
  /** The hash of the input, to detect a reused key. */
  readonly fingerprint: string | null;
}

/** The tasks of one call: all are created or none. */
export interface TaskCreation {
  readonly tasks: readonly TaskToCreate[];
  /** How many open tasks the agent of the key may have created. */
  readonly maxOpen: number;
  readonly columns: TaskColumns;
}

/** The outcome of one task. The task is non-null exactly for CREATED and REPEATED. */
export interface CreatedTask {
  readonly reason:
    | 'CREATED'
    | 'REPEATED'
    /** Another task of the call is refused. */
    | 'NOT_CREATED'
    | 'IDEMPOTENCY_KEY_REUSED'
    | 'UNKNOWN_AGENT'
    | 'TOO_MANY_OPEN'
    /** Another transaction counts the open tasks of the agent: nothing was created. */
    | 'LOCKED';
  readonly task: TaskRow | null;
}

/**
 * Creates the tasks of many calls in one round trip. Returns for each call the outcomes of its tasks, in their order. The
 * statement is its own transaction.
 */
export async function createTasks(
  executor: Executor,
  calls: readonly TaskCreation[],
  columns: TaskColumns,
): Promise<CreatedTask[][]> {
  const tasks = calls.flatMap(({ tasks, maxOpen }, index) =>
    tasks.map((task) => ({ ...task, index, maxOpen })),
  );
  const shape = shapeOf<TaskRow>('Task', columns);
  const rows = await query<
    Record<keyof CreatedTask, unknown> & Pick<CreatedTask, 'reason'> & { place: number }
  >(
    executor,
    toStatement(
      sql`SELECT c.place, c.reason,
        CASE WHEN c.reason IN ('CREATED', 'REPEATED') THEN ${rowOf(shape, sql`SELECT (c.task).*`)} END AS task
      FROM create_tasks(${tasks.map(({ index }) => index)}::int[], ${tasks.map(({ id }) => id)}::text[],
        ${tasks.map(({ keyId }) => keyId)}::text[], ${tasks.map(({ agentId }) => agentId)}::text[],
        ${tasks.map(({ assignee }) => (assignee && 'id' in assignee ? assignee.id : null))}::text[],
        ${tasks.map(({ assignee }) => (assignee && 'name' in assignee ? assignee.name : null))}::text[],
        ${tasks.map(({ idempotencyKey }) => idempotencyKey)}::text[], ${tasks.map(({ fingerprint }) => fingerprint)}::text[],
        ${tasks.map(({ maxOpen }) => maxOpen)}::int[], ${JSON.stringify(tasks.map(toRow))}::jsonb) c`,
      'claim',
    ),
  );
  const outcomes = new Map(
    rows.map(({ place, reason, task }) => [
      place,
      { reason, task: task === null ? null : shape.parse(task) },
    ]),
  );
  let place = 0;
  return calls.map((call) =>
    call.tasks.map(() => {
      place += 1;
      const outcome = outcomes.get(place);
      if (outcome === undefined) throw new Error('create_tasks returned no row for a task');
      return outcome;
    }),
  );
}

const ROW_COLUMNS = [...TASK_FIELD_NAMES, 'onDependencyFailure'] as const;
const ROW_NAMES = ROW_COLUMNS.map((name) => [toSnake(name), name] as const);

/** The columns of a new task by their names. JSON writes an instant as text that PostgreSQL reads. */
function toRow(task: TaskToCreate): object {
  return Object.fromEntries(ROW_NAMES.map(([column, name]) => [column, task[name]]));
}
