import { isTypeVisible } from '../domain/event-visibility.js';
import type { LogPosition } from '../domain/log-position.js';
import { formatCursor, parseCursor } from '../feed/cursor.js';
import type { EntryFilter, LogEntry } from '../feed/hub.js';
import { isId } from '../kernel/ids.js';
import type { EventNames } from '../services/event-names.js';
import { findTasks } from '../services/read-tasks.js';
import { listStreamedEvents } from '../services/streamed-events.js';
import type { GraphqlContext } from './context.js';
import { payloadOf } from './event.js';
import { parseEventFilter } from './event-filter.js';
import { namedIn, toPlainEvent } from './plain-event.js';
import { forbidden } from './protocol-errors.js';
import { openStream, type StreamEnd } from './stream.js';
import { toStreamError } from './stream-errors.js';

/** Which events are asked for, as it stands in the address. */
export interface PlainEventQuery {
  readonly types?: readonly string[];
  /** A ref such as TASK-1, or an id. */
  readonly task?: string;
  /** A name, or an id. */
  readonly agent?: string;
  readonly pipelineRunId?: string;
  /** The cursor of the last event that was dealt with; without it the stream begins now. */
  readonly after?: string;
}

/** One event, ready to be sent. */
export interface SerializedEvent {
  readonly cursor: string;
  readonly type: string;
  /** One JSON object, in one line. */
  readonly json: string;
}

export interface PlainEventStream {
  /** Everything later is delivered: resumes a stream that breaks before its first event. */
  readonly begin: string;
  /** Its last item may say why it ended. */
  readonly items: AsyncIterableIterator<SerializedEvent | StreamEnd>;
}

export type OpenPlainEvents = (context: GraphqlContext, query: PlainEventQuery) => Promise<PlainEventStream>;

/**
 * The events as plain JSON, under the same rules as Subscription.events. Each entry is written as JSON once, for all
 * its readers in this process.
 */
export function createPlainEvents(names: EventNames): OpenPlainEvents {
  const written = new WeakMap<LogEntry, SerializedEvent>();

  async function write(context: GraphqlContext, entries: readonly LogEntry[]): Promise<SerializedEvent[]> {
    const hidden = await findHiddenDependencies(context, entries);
    const unwritten = entries.filter((entry) => hidden.has(entry) || !written.has(entry));
    const found = await names.find(unwritten.flatMap(namedIn));
    return entries.map((entry) => {
      // What is left out for one reader must not be left out for all.
      if (hidden.has(entry)) return serialize(entry, found, false);
      const event = written.get(entry) ?? serialize(entry, found, true);
      written.set(entry, event);
      return event;
    });
  }

  return async (context, query) => {
    const { services, viewer } = context;
    const filter = await parseQuery(context, query);
    const { begin, from } = await subscribe(context, query.after, filter);
    const items = openStream(context, {
      from,
      toItems: async (entries) => write(context, await listStreamedEvents(services, viewer, entries)),
    });
    return { begin, items };
  };
}

/** @throws GraphQLError with BAD_USER_INPUT, or FORBIDDEN for types that this key never sees. */
async function parseQuery(
  context: GraphqlContext,
  { types, task, agent, pipelineRunId }: PlainEventQuery,
): Promise<EntryFilter> {
  const filter = await parseEventFilter(context, {
    ...(types === undefined ? {} : { types }),
    ...(task === undefined ? {} : { task: isId('task', task) ? { id: task } : { ref: task } }),
    ...(agent === undefined ? {} : { agent: isId('agt', agent) ? { id: agent } : { name: agent } }),
    ...(pipelineRunId === undefined ? {} : { pipelineRunId }),
  });
  const unseen = (filter.types ?? []).filter((type) => !isTypeVisible(context.viewer, type));
  if (unseen.length > 0) throw forbidden(`events of the types ${unseen.join(', ')}`);
  return filter;
}

/** @throws GraphQLError with what the log says against the cursor. */
async function subscribe({ feed, signal }: GraphqlContext, cursor: string | undefined, filter: EntryFilter) {
  try {
    const after: LogPosition = cursor === undefined ? (await feed.readBounds()).end : parseCursor(cursor);
    return { begin: formatCursor(after), from: await feed.subscribe({ after, filter, signal }) };
  } catch (error) {
    throw toStreamError(error);
  }
}

/** The entries whose payload names a task that this key may not see. Only keys of agents do not see all tasks. */
async function findHiddenDependencies(
  { services, viewer }: GraphqlContext,
  entries: readonly LogEntry[],
): Promise<ReadonlySet<LogEntry>> {
  const dependencyOf = (entry: LogEntry) => payloadOf(entry).dependencyId;
  const naming = viewer.agentId === null ? [] : entries.filter((entry) => dependencyOf(entry) !== undefined);
  if (naming.length === 0) return new Set();
  const ids = naming.flatMap((entry) => dependencyOf(entry) ?? []);
  const tasks = await findTasks(services, viewer, ids, []);
  return new Set(naming.filter((entry) => !tasks.has(dependencyOf(entry) ?? '')));
}

function serialize(
  entry: LogEntry,
  names: ReadonlyMap<string, string>,
  seesDependency: boolean,
): SerializedEvent {
  const event = toPlainEvent(entry, names, seesDependency);
  return { cursor: event.cursor, type: event.type, json: JSON.stringify(event) };
}
