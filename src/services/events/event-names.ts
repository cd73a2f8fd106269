import type { Database } from '../../postgres/database.js';
import { listEventNames } from '../../store/events/event-names.js';

/** What people call the tasks, agents and keys that events name: refs of tasks, names of the others. */
export interface EventNames {
  /** The name of each id that has one, by at most one statement. Whoever asks has been shown the events. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Some hundred bytes each. */
const REMEMBERED_AT_MOST = 20_000;

/** Remembers names: none of the rows is ever renamed, so an answer stays true. */
export function createEventNames(database: Database): EventNames {
  const remembered = new Map<string, string>();
  return {
    async find(ids) {
      const found = new Map<string, string>();
      const missing = new Set<string>();
      for (const id of ids) {
        const name = remembered.get(id);
        if (name === undefined) missing.add(id);
        else found.set(id, name);
      }
      if (missing.size === 0) return found;
      for (const { id, name } of await listEventNames(database.pool, [...missing])) {
        found.set(id, name);
        if (remembered.size >= REMEMBERED_AT_MOST) remembered.clear();
        remembered.set(id, name);
      }
      return found;
    },
  };
}
