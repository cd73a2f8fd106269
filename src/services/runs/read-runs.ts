import type { Viewer } from '../../domain/actor.js';
import type { ListReader } from '../../domain/list-reader.js';
import type { RunSelection } from '../../domain/runs/run-filter.js';
import { openList } from '../../store/lists/list-reader.js';
import type { Columns } from '../../store/lists/row-shape.js';
import { runsThat } from '../../store/runs/run-lists.js';
import type { TaskRunRow } from '../../store/runs/runs.js';
import type { ServiceContext } from '../service-context.js';

/** What a list of runs has, and in which order. */
export interface RunList {
  readonly selection: RunSelection;
  /** The latest first. */
  readonly descending: boolean;
  readonly columns: Columns<TaskRunRow>;
}

/**
 * The runs that match, by their start. A key of an agent gets the runs of that agent: those of others on the tasks that it sees
 * would have to be searched for among all runs, and each task lists its own.
 */
export function openRuns(
  { database }: Pick<ServiceContext, 'database'>,
  { agentId }: Viewer,
  { selection, descending, columns }: RunList,
): ListReader<TaskRunRow> {
  const { agentIds } = selection;
  const own = agentIds === undefined || (agentId !== null && agentIds.includes(agentId)) ? [agentId] : [];
  const seen = agentId === null ? selection : { ...selection, agentIds: own.flatMap((id) => id ?? []) };
  return openList(database.readPool, runsThat(seen, descending, columns));
}
