import type { LogEntry } from '../../feed/hub.js';
import type { EventNames } from '../../services/events/event-names.js';
import { namedIn, toPlainEvent } from './plain-event.js';

/** One event, ready to be sent. */
export interface SerializedEvent {
  readonly cursor: string;
  readonly type: string;
  /** One JSON object, in one line. */
  readonly json: string;
}

export interface EventWriter {
  /** As everybody may see them: each is written once for all readers, of whom the first asks for the names. */
  write(entries: readonly LogEntry[]): readonly SerializedEvent[] | Promise<readonly SerializedEvent[]>;
  /** For a reader who may not see the dependency that the entry names. */
  writeWithoutDependency(entry: LogEntry): Promise<SerializedEvent>;
}

export function createEventWriter(names: EventNames): EventWriter {
  const written = new WeakMap<LogEntry, SerializedEvent | Promise<SerializedEvent>>();

  function begin(entry: LogEntry, found: Promise<ReadonlyMap<string, string>>): void {
    const writing = found.then((known) => {
      const event = serialize(entry, known, true);
      written.set(entry, event);
      return event;
    });
    written.set(entry, writing);
    // Who asks next asks the database again.
    writing.catch(() => written.delete(entry));
  }

  return {
    write(entries) {
      const fresh = entries.filter((entry) => !written.has(entry));
      if (fresh.length > 0) {
        const found = names.find(fresh.flatMap(namedIn));
        for (const entry of fresh) begin(entry, found);
      }
      const events = entries.flatMap((entry) => written.get(entry) ?? []);
      return events.every(isWritten) ? events : Promise.all(events.map(async (event) => event));
    },
    async writeWithoutDependency(entry) {
      return serialize(entry, await names.find(namedIn(entry)), false);
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
