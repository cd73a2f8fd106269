import type { Viewer } from '../../domain/actor.js';
import { isEventVisible } from '../../domain/events/event-visibility.js';
import type { LogRow } from '../../store/events/event-log.js';
import type { ServiceContext } from '../service-context.js';
import { findTasks } from '../tasks/read-tasks.js';

type ReadContext = Pick<ServiceContext, 'database' | 'settings'>;

/**
 * What each agent was found to see of the tasks that entries are about, as long as anybody holds the entry. Streams of
 * one process hold the same ones, so however many an agent's keys have open, its view is looked up once.
 */
const VIEWS = new WeakMap<LogRow, Map<string, Promise<boolean>>>();

/**
 * Those of the events that the viewer may see when the first of its agent's streams gets to them; by at most one
 * statement, and at once for all but agents.
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
  if (unknown.length > 0) lookUp(context, viewer, agentId, unknown);
  const seen = await Promise.all(events.map((event) => viewOf(event, agentId)));
  return events.filter((event, index) => isEventVisible(viewer, event, () => seen[index] === true));
}

async function viewOf(event: LogRow, agentId: string): Promise<boolean> {
  return VIEWS.get(event)?.get(agentId) ?? false;
}

function lookUp(context: ReadContext, viewer: Viewer, agentId: string, events: readonly LogRow[]): void {
  const ids = [...new Set(events.flatMap(({ taskId }) => taskId ?? []))];
  const tasks = findTasks(context, viewer, ids, []);
  for (const event of events) {
    const views = VIEWS.get(event) ?? new Map<string, Promise<boolean>>();
    const view = tasks.then((visible) => event.taskId !== null && visible.has(event.taskId));
    // Who asks next asks the database again.
    view.catch(() => views.delete(agentId));
    VIEWS.set(event, views.set(agentId, view));
  }
}
