import { hasRole, type Viewer } from '../../domain/actor.js';
import { isEventVisible } from '../../domain/events/event-visibility.js';
import { formatLogCursor } from '../../domain/events/log-cursor.js';
import type { ChildListsReader, ListReader } from '../../domain/list-reader.js';
import { EVENTS_OF_TASKS, type EventViewer, eventsThat } from '../../store/events/event-lists.js';
import { findLogRow, type LogFilter, type LogRow } from '../../store/events/event-log.js';
import { findPositionSince, findSpan } from '../../store/events/log-times.js';
import { openChildLists, openList } from '../../store/lists/list-reader.js';
import type { ServiceContext } from '../service-context.js';
import { openListLater } from '../tasks/open-later.js';
import { findTasks, toTaskViewer } from '../tasks/read-tasks.js';
import { locateChildLists, locateList } from './located-lists.js';

type ReadContext = Pick<ServiceContext, 'database' | 'settings'>;

/**
 * The events that match the filter and that the viewer may see, oldest first. Reading a slice throws CursorExpired if the
 * log has been pruned beyond one of its cursors, or a cursor is not of this log.
 */
export function openEvents(context: ReadContext, viewer: Viewer, filter: LogFilter): ListReader<LogRow> {
  const { readPool } = context.database;
  const seenBy = toEventViewer(context, viewer);
  const list = openList(readPool, eventsThat(seenBy, filter));
  const { at } = filter;
  if (at === undefined) return locateList(readPool, list);
  const read = async () => openList(readPool, eventsThat(seenBy, filter, await findSpan(readPool, at)));
  return locateList(readPool, openListLater(list, read));
}

/** The cursor of the place in the log before the first event at or after an instant. */
export async function findCursorSince({ database }: ReadContext, instant: Date): Promise<string> {
  return formatLogCursor(await findPositionSince(database.readPool, instant));
}

/** The events of several tasks, oldest first. The caller has checked that the viewer may see the tasks. */
export function openEventsOfTasks({ database }: ReadContext): ChildListsReader<LogRow> {
  return locateChildLists(database.pool, openChildLists(database.pool, EVENTS_OF_TASKS));
}

/** The events that the viewer may see, with at most one statement. */
async function listVisibleEvents<Row extends LogRow>(
  context: ReadContext,
  viewer: Viewer,
  events: readonly Row[],
): Promise<readonly Row[]> {
  if (hasRole(viewer, 'ADMIN')) return events;
  const tasks = viewer.agentId === null ? null : await findTasks(context, viewer, taskIdsOf(events), []);
  return events.filter((event) => isEventVisible(viewer, event, (taskId) => tasks?.has(taskId) ?? true));
}

/** The event with this number; null if there is none or the viewer may not see it. */
export async function findEvent(
  context: ReadContext,
  viewer: Viewer,
  number: bigint,
): Promise<LogRow | null> {
  const row = await findLogRow(context.database.pool, number);
  const [visible] = row === null ? [] : await listVisibleEvents(context, viewer, [row]);
  return visible ?? null;
}

function toEventViewer(context: ReadContext, viewer: Viewer): EventViewer {
  return { tasks: toTaskViewer(context, viewer), seesKeys: hasRole(viewer, 'ADMIN') };
}

function taskIdsOf(events: readonly LogRow[]): string[] {
  return [...new Set(events.flatMap(({ taskId }) => taskId ?? []))];
}
