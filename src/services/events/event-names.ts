import type { Database } from '../../postgres/database.js';
import { listEventNames } from '../../store/events/event-names.js';

/** The display names of the tasks, agents and keys in events: refs of tasks, names of agents and keys. */
export interface EventNames {
  /** The names of the ids that have one, with at most one statement. The caller checks that the viewer sees the events. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** The cache limit; an entry takes a few hundred bytes. */
const CACHE_LIMIT = 20_000;

/** Caches names. These rows are never renamed, so an entry stays valid. */
export function createEventNames(database: Database): EventNames {
  const cached = new Map<string, string>();
  return {
    async find(ids) {
      const found = new Map<string, string>();
      const missing = new Set<string>();
      for (const id of ids) {
        const name = cached.get(id);
        if (name === undefined) missing.add(id);
        else found.set(id, name);
      }
      if (missing.size === 0) return found;
      for (const { id, name } of await listEventNames(database.pool, [...missing])) {
        found.set(id, name);
        if (cached.size >= CACHE_LIMIT) cached.clear();
        cached.set(id, name);
      }
      return found;
    },
  };
}
