import { type Executor, query } from '../../postgres/statement.js';

/** The display name of a row that an event refers to. */
export interface EventName {
  readonly id: string;
  readonly name: string;
}

/** The refs of the tasks and the names of the agents and keys with these ids, unordered. Uses the primary keys. */
export function listEventNames(executor: Executor, ids: readonly string[]): Promise<EventName[]> {
  return query<EventName>(executor, {
    name: 'list_event_names',
    text: `SELECT id, 'TASK-' || number AS name FROM tasks WHERE id = ANY($1)
      UNION ALL SELECT id, name FROM agents WHERE id = ANY($1)
      UNION ALL SELECT id, name FROM api_keys WHERE id = ANY($1)`,
    values: [ids],
  });
}
