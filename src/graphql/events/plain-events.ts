import { isTypeVisible } from '../../domain/events/event-visibility.js';
import { formatLogCursor } from '../../domain/events/log-cursor.js';
import type { LogPosition } from '../../domain/events/log-position.js';
import type { EntryFilter, LogEntry } from '../../feed/hub.js';
import { isId } from '../../kernel/ids.js';
import type { EventNames } from '../../services/events/event-names.js';
import { listStreamedEvents } from '../../services/events/streamed-events.js';
import { findTasks } from '../../services/tasks/read-tasks.js';
import { forbidden } from '../base/protocol-errors.js';
import type { GraphqlContext } from '../context.js';
import { payloadOf } from './event.js';
import { parseEventFilter } from './event-filter.js';
import { createEventWriter, type EventWriter, type SerializedEvent } from './event-writer.js';
import { createStream, type StreamEnd } from './stream.js';
import { toStreamError } from './stream-errors.js';

/** The filter of an event stream, from the query string of its URL. */
export interface PlainEventQuery {
  readonly types?: readonly string[];
  /** A ref such as TASK-1, or an id. */
  readonly task?: string;
  /** A name, or an id. */
  readonly agent?: string;
  readonly pipelineRunId?: string;
  /** The cursor of the last processed event. Without it, the stream begins now. */
  readonly after?: string;
}

export interface PlainEventStream {
  /** The cursor at which the stream begins. It resumes a stream that breaks before its first event. */
  readonly begin: string;
  /** The last item may give the reason for the end. */
  readonly items: AsyncIterable<SerializedEvent | StreamEnd>;
}

export type OpenPlainEvents = (context: GraphqlContext, query: PlainEventQuery) => Promise<PlainEventStream>;

/** Opens streams of events as plain JSON, with the filter and visibility rules of Subscription.events. */
export function createPlainEvents(names: EventNames): OpenPlainEvents {
  const writer = createEventWriter(names);
  return async (context, query) => {
    const { services, viewer } = context;
    const filter = await parseQuery(context, query);
    const { begin, from } = await subscribe(context, query.after, filter);
    const items = createStream(context, {
      from,
      toItems: (entries) => {
        const visible = listStreamedEvents(services, viewer, entries);
        return visible instanceof Promise
          ? visible.then((seen) => writeFor(context, writer, seen))
          : writeFor(context, writer, visible);
      },
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

/** @throws GraphQLError if the cursor is invalid or expired. */
async function subscribe({ feed }: GraphqlContext, cursor: string | undefined, filter: EntryFilter) {
  try {
    const after: LogPosition =
      cursor === undefined ? (await feed.readBounds()).end : await feed.locate(cursor);
    return { begin: formatLogCursor(after), from: await feed.subscribe({ after, filter }) };
  } catch (error) {
    throw toStreamError(error);
  }
}

/** Synchronous if every event is already serialized, except for keys of agents: a thousand readers make promises costly. */
function writeFor(
  context: GraphqlContext,
  writer: EventWriter,
  entries: readonly LogEntry[],
): readonly SerializedEvent[] | Promise<readonly SerializedEvent[]> {
  const isNaming =
    context.viewer.agentId !== null && entries.some((entry) => dependencyOf(entry) !== undefined);
  return isNaming ? writeForAgent(context, writer, entries) : writer.write(entries);
}

/** Omits the dependencies that the agent of this reader may not see. */
async function writeForAgent(
  { services, viewer }: GraphqlContext,
  writer: EventWriter,
  entries: readonly LogEntry[],
): Promise<readonly SerializedEvent[]> {
  const ids = entries.flatMap((entry) => dependencyOf(entry) ?? []);
  const tasks = await findTasks(services, viewer, ids, []);
  const written = entries.map(async (entry) => {
    const id = dependencyOf(entry);
    const isSeen = id === undefined || tasks.has(id);
    return isSeen ? writer.write([entry]) : [await writer.writeWithoutDependency(entry)];
  });
  return (await Promise.all(written)).flat();
}

function dependencyOf(entry: LogEntry): string | undefined {
  return payloadOf(entry).dependencyId;
}
