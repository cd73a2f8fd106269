import type { LogEntry } from '../../feed/hub.js';
import type { EventNames } from '../../services/events/event-names.js';
import { namedIds, toPlainEvent } from './plain-event.js';

/** One serialized event. */
export interface SerializedEvent {
  readonly cursor: string;
  readonly type: string;
  /** One JSON object on one line. */
  readonly json: string;
}

export interface EventWriter {
  /** Serializes the events with all fields. Each is serialized once for all readers; the first reader loads the names. */
  write(entries: readonly LogEntry[]): readonly SerializedEvent[] | Promise<readonly SerializedEvent[]>;
  /** Serializes the event without its dependency, for a reader that may not see that task. */
  writeWithoutDependency(entry: LogEntry): Promise<SerializedEvent>;
}

/** Creates a writer that caches each serialized event for as long as its log entry is in memory. */
export function createEventWriter(names: EventNames): EventWriter {
  const written = new WeakMap<LogEntry, SerializedEvent | Promise<SerializedEvent>>();

  function begin(entry: LogEntry, found: Promise<ReadonlyMap<string, string>>): void {
    const writing = found.then((known) => {
      const event = serialize(entry, known, true);
      written.set(entry, event);
      return event;
    });
    written.set(entry, writing);
    // After a failure, the next reader queries the database again.
    writing.catch(() => written.delete(entry));
  }

  return {
    write(entries) {
      const fresh = entries.filter((entry) => !written.has(entry));
      if (fresh.length > 0) {
        const found = names.find(fresh.flatMap(namedIds));
        for (const entry of fresh) begin(entry, found);
      }
      const events = entries.flatMap((entry) => written.get(entry) ?? []);
      return events.every(isWritten) ? events : Promise.all(events.map(async (event) => event));
    },
    async writeWithoutDependency(entry) {
      return serialize(entry, await names.find(namedIds(entry)), false);
    },
  };
}

function isWritten(event: SerializedEvent | Promise<SerializedEvent>): event is SerializedEvent {
  return !(event instanceof Promise);
}

function serialize(
  entry: LogEntry,
  names: ReadonlyMap<string, string>,
  seesDependency: boolean,
): SerializedEvent {
  const event = toPlainEvent(entry, names, seesDependency);
  return { cursor: event.cursor, type: event.type, json: JSON.stringify(event) };
}
