import type { RunOutcome, RunSelection } from '../../domain/runs/run-filter.js';
import { firstIdAt } from '../../kernel/ids.js';
import { allOf, identifier, joinSql, type Sql, sql } from '../../postgres/sql-text.js';
import type { ChildLists, List } from '../lists/keyset.js';
import type { Branch } from '../lists/list-parts.js';
import { type Columns, shapeOf } from '../lists/row-shape.js';
import { ID } from '../lists/sort-keys.js';
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

/**
 * The runs that match, by the time in their ids. Uses the primary key, task_runs_agent_idx for each agent, task_runs_ended_idx for
 * each way to end without success, and task_runs_task_number_key for a task. The open runs are few and sorted.
 */
export function runsThat(
  selection: RunSelection,
  descending: boolean,
  columns: Columns<TaskRunRow>,
): List<TaskRunRow> {
  const { startedAt, triggers } = selection;
  return {
    from: 'task_runs t',
    shape: shapeOf('TaskRun', columns),
    where: allOf([...startedIn(startedAt), ...startedBy(triggers)]),
    order: { tag: 'runs', descending, keys: [ID] },
    parts: [{ branches: branchesOf(selection), keys: [ID] }],
    isPlannedByValues: true,
  };
}

function branchesOf({ agentIds, taskId, outcomes }: RunSelection): readonly Branch[] {
  const ended = outcomes === undefined ? [] : [hasOutcome(outcomes)];
  if (taskId !== undefined) {
    const among = agentIds === undefined ? [] : [sql`t.agent_id = ANY(${[...agentIds]}::text[])`];
    return [{ where: allOf([sql`t.task_id = ${taskId}`, ...among, ...ended]), isRare: true }];
  }
  if (agentIds?.length === 0 || outcomes?.length === 0) return [{ where: sql`false` }];
  const isOpen = outcomes?.every((outcome) => outcome === 'RUNNING') ?? false;
  if (agentIds !== undefined)
    return agentIds.map((id) => ({ where: allOf([sql`t.agent_id = ${id}`, ...ended]), isRare: isOpen }));
  if (outcomes === undefined) return [{ where: sql`true` }];
  return outcomes.map((outcome) => ({ where: hasOutcome([outcome]), isRare: outcome === 'RUNNING' }));
}

/** The outcomes as part of the text: the partial indexes of open and of ended runs are used only if the planner sees them. */
function hasOutcome(outcomes: readonly RunOutcome[]): Sql {
  const [first] = outcomes;
  if (outcomes.length === 1) return identifier(`t.outcome = '${first}'`);
  return outcomes.length === 0 ? sql`false` : sql`t.outcome IN (${joinSql(outcomes.map(quoted), ', ')})`;
}

const quoted = (outcome: RunOutcome): Sql => identifier(`'${outcome}'`);

/** More than the clocks of servers differ. Ids have the time of the server that made them, and rows that of the database. */
const DRIFT_MS = 86_400_000;

/** The bounds of the ids let a list of a period begin there. */
function startedIn({ gte, lt }: NonNullable<RunSelection['startedAt']> = {}): Sql[] {
  const before = (at: Date) => firstIdAt('run', Math.max(0, at.getTime() - DRIFT_MS));
  return [
    ...(gte ? [sql`t.started_at >= ${gte}`, sql`t.id >= ${before(gte)}`] : []),
    ...(lt ? [sql`t.started_at < ${lt}`, sql`t.id < ${firstIdAt('run', lt.getTime() + DRIFT_MS)}`] : []),
  ];
}

function startedBy(triggers: RunSelection['triggers']): Sql[] {
  return triggers === undefined ? [] : [sql`t.trigger = ANY(${[...triggers]}::run_trigger[])`];
}
