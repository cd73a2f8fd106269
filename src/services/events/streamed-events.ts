import type { Viewer } from '../../domain/actor.js';
import { isEventVisible } from '../../domain/events/event-visibility.js';
import type { LogRow } from '../../store/events/event-log.js';
import type { ServiceContext } from '../service-context.js';
import { findTasks } from '../tasks/read-tasks.js';

type ReadContext = Pick<ServiceContext, 'database' | 'settings'>;

/**
 * Caches per log entry whether each agent may see its task, for as long as the entry is referenced. All streams of a
 * process share the entries, so the visibility is queried once per agent, regardless of the number of its streams.
 */
const VIEWS = new WeakMap<LogRow, Map<string, Promise<boolean>>>();

/**
 * The events that the viewer may see. For an agent, visibility is decided when the first of its streams reaches the
 * event, with at most one statement. For other viewers the result is synchronous.
 */
export function listStreamedEvents(
  context: ReadContext,
  viewer: Viewer,
  events: readonly LogRow[],
): readonly LogRow[] | Promise<readonly LogRow[]> {
  const { agentId } = viewer;
  if (agentId === null) return events.filter((event) => isEventVisible(viewer, event, () => true));
  return listForAgent(context, viewer, agentId, events);
}

async function listForAgent(
  context: ReadContext,
  viewer: Viewer,
  agentId: string,
  events: readonly LogRow[],
): Promise<readonly LogRow[]> {
  const unknown = events.filter((event) => event.taskId !== null && !VIEWS.get(event)?.has(agentId));
  if (unknown.length > 0) queryViews(context, viewer, agentId, unknown);
  const seen = await Promise.all(events.map((event) => viewOf(event, agentId)));
  return events.filter((event, index) => isEventVisible(viewer, event, () => seen[index] === true));
}

async function viewOf(event: LogRow, agentId: string): Promise<boolean> {
  return VIEWS.get(event)?.get(agentId) ?? false;
}

function queryViews(context: ReadContext, viewer: Viewer, agentId: string, events: readonly LogRow[]): void {
  const ids = [...new Set(events.flatMap(({ taskId }) => taskId ?? []))];
  const tasks = findTasks(context, viewer, ids, []);
  for (const event of events) {
    const views = VIEWS.get(event) ?? new Map<string, Promise<boolean>>();
    const view = tasks.then((visible) => event.taskId !== null && visible.has(event.taskId));
    // After a failure, the next caller queries the database again.
    view.catch(() => views.delete(agentId));
    VIEWS.set(event, views.set(agentId, view));
  }
}
