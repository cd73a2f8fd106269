import { LRUCache } from 'lru-cache';
import type { Viewer } from '../../domain/actor.js';
import { checkFields } from '../../domain/inputs.js';
import { LIMITS } from '../../domain/limits.js';
import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import { InvalidList } from '../../domain/page.js';
import { listDueTimes, openRecurrence, type Recurrence } from '../../domain/schedule/recurrence.js';
import { parseSchedule, type Schedule } from '../../domain/schedule/schedule.js';
import { toDate } from '../../kernel/clock.js';
import { openChildLists, openList } from '../../store/lists/list-reader.js';
import { readNow } from '../../store/ops/database-clock.js';
import { FIRINGS_OF_RECURRING_TASKS, RECURRING_TASKS } from '../../store/recurring/recurring-task-lists.js';
import {
  type FiringRow,
  findRecurringTaskId,
  type RecurringTaskRow,
} from '../../store/recurring/recurring-tasks.js';
import {
  type ListedColumns,
  type ListedTask,
  NEWEST_FIRST,
  tasksOfRecurringTasks,
} from '../../store/tasks/task-lists.js';
import { toLookup } from '../refs.js';
import type { ServiceContext } from '../service-context.js';
import { toTaskViewer, toWaitingSettings } from '../tasks/read-tasks.js';

type ReadContext = Pick<ServiceContext, 'database' | 'settings'>;

/** The recurring tasks, by name. */
export function openRecurringTasks({ database }: ReadContext): ListReader<RecurringTaskRow> {
  return openList(database.pool, RECURRING_TASKS);
}

/** The tasks of several recurring tasks that the viewer may see, newest first. */
export function openTasksOfRecurringTasks(
  context: ReadContext & Pick<ServiceContext, 'gateways'>,
  viewer: Viewer,
  columns: ListedColumns,
): ChildListsReader<ListedTask> {
  return openChildLists(
    context.database.pool,
    tasksOfRecurringTasks(
      toTaskViewer(context, viewer),
      {},
      NEWEST_FIRST,
      columns,
      toWaitingSettings(context),
    ),
  );
}

/** Finds the id of a recurring task by id, otherwise by name. Null if there is none. */
export function resolveRecurringTaskId({ database }: ReadContext, idOrName: string): Promise<string | null> {
  return findRecurringTaskId(database.pool, toLookup(idOrName));
}

/** The processed due times of several recurring tasks, newest first. */
export function openFirings({ database }: ReadContext): ChildListsReader<FiringRow> {
  return openChildLists(database.pool, FIRINGS_OF_RECURRING_TASKS);
}

/**
 * The next due times; empty while the recurring task is paused.
 * @throws {InvalidList} for a count that is too large.
 */
export function listNextRuns(row: RecurringTaskRow, count: number): Date[] {
  checkCount(count);
  if (row.nextDueAt === null || count === 0) return [];
  const first = row.nextDueAt.getTime();
  return [first, ...listKnownDueTimes(row, first, count - 1)].map(toDate);
}

/** The meaning and the next due times of a schedule. */
export interface SchedulePreview extends Schedule {
  readonly nextRuns: readonly Date[];
}

/**
 * Interprets a schedule without storing it.
 * @param from - only later due times are listed; null means now, by the database clock.
 * @throws {BadSchedule} @throws {InvalidList} for a count that is too large.
 */
export async function previewSchedule(
  { database }: ReadContext,
  {
    schedule,
    timeZone,
    count,
    from,
  }: { schedule: string; timeZone: string; count: number; from: Date | null },
): Promise<SchedulePreview> {
  checkCount(count);
  checkFields({ from }, ['from']);
  const parsed = parseSchedule(schedule);
  const afterMs = (from ?? (await readNow(database.pool))).getTime();
  const times = listKnownDueTimes({ cron: parsed.cron, timeZone }, afterMs, count);
  return { ...parsed, nextRuns: times.map(toDate) };
}

/** Due times that were computed last. A query may name one schedule under many aliases, and dashboards repeat their queries. */
const KNOWN = new LRUCache<string, readonly number[]>({ max: 500 });

/** The due times after an instant, which never change. They are computed once for many readers. */
function listKnownDueTimes(
  { cron, timeZone }: Recurrence,
  afterMs: number,
  count: number,
): readonly number[] {
  const key = `${cron} ${timeZone} ${afterMs} ${count}`;
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  const times = listDueTimes(openRecurrence({ cron, timeZone }), { afterMs, count });
  KNOWN.set(key, times);
  return times;
}

function checkCount(count: number): void {
  if (count < 0 || count > LIMITS.nextRuns)
    throw new InvalidList(`count is ${count}, but must be from 0 to ${LIMITS.nextRuns}.`);
}
