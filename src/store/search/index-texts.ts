import type { EventType } from '../../domain/events/event-types.js';
import { type Executor, query } from '../../postgres/statement.js';

/** The events after which a text of a task may have new words. */
export const TEXT_EVENTS: readonly EventType[] = [
  'task.created',
  'task.updated',
  'task.comment_added',
  'task.completed',
  'review.submitted',
];

/** A step of writing texts. */
export interface IndexedStep {
  /** The number of events and new tasks that were looked at. */
  readonly seen: number;
  /** Whether there are further ones. */
  readonly hasMore: boolean;
}

/**
 * Writes the texts and tags of the next tasks, at most `limit` by their numbers, and of those with events in the next part of the log.
 * The state moves in the same statement and its row is locked, so one process writes at a time, and a process that is killed leaves
 * nothing to repeat by hand.
 */
export async function indexTexts(executor: Executor, limit: number): Promise<IndexedStep> {
  // Not prepared, and by ranges: as in countActivity.
  const [row] = await query<IndexedStep>(executor, { text: INDEX, values: [limit, TEXT_EVENTS] });
  return row ?? { seen: 0, hasMore: false };
}

const INDEX = `WITH state AS MATERIALIZED (SELECT number, position FROM search_state WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED),
  next AS MATERIALIZED (SELECT (SELECT number FROM tasks WHERE number > (SELECT number FROM state) ORDER BY number LIMIT 1) AS number,
    (SELECT id FROM events WHERE id > (SELECT position FROM state) ORDER BY id LIMIT 1) AS position),
  fresh AS MATERIALIZED (SELECT id, number FROM tasks WHERE number >= (SELECT number FROM next) AND number < (SELECT number FROM next) + $1),
  batch AS MATERIALIZED (SELECT id, CASE WHEN type = ANY($2) THEN task_id END AS task_id
    FROM events WHERE id >= (SELECT position FROM next) AND id < (SELECT position FROM next) + $1),
  touched AS MATERIALIZED (SELECT t.* FROM (SELECT id FROM fresh UNION SELECT task_id FROM batch WHERE task_id IS NOT NULL) AS changed (id)
    JOIN LATERAL (SELECT id, title, description, resolution, tags FROM tasks WHERE id = changed.id OFFSET 0) t ON true),
  written AS (INSERT INTO search_texts AS s (task_id, body)
    SELECT t.id, concat_ws(E'\\n', t.title, t.description, t.resolution,
      (SELECT string_agg(c.body, E'\\n') FROM comments c WHERE c.task_id = t.id),
      (SELECT string_agg(q.feedback, E'\\n') FROM quality_reviews q WHERE q.task_id = t.id))
    FROM touched t ORDER BY t.id ON CONFLICT (task_id) DO UPDATE SET body = excluded.body WHERE s.body <> excluded.body),
  tagged AS (INSERT INTO task_tags (tag) SELECT DISTINCT tag FROM touched, unnest(tags) tag ORDER BY tag ON CONFLICT DO NOTHING),
  seen AS MATERIALIZED (SELECT (SELECT max(number) FROM fresh) AS number, max(id) AS position, (SELECT count(*) FROM fresh) + count(*) AS entries FROM batch),
  moved AS (UPDATE search_state s SET number = coalesce(seen.number, s.number), position = coalesce(seen.position, s.position)
    FROM seen, state WHERE s.id = 1 AND entries > 0)
  SELECT entries::int AS seen, EXISTS (SELECT FROM tasks WHERE number >= (SELECT number FROM next) + $1)
    OR EXISTS (SELECT FROM events WHERE id >= (SELECT position FROM next) + $1) AS has_more FROM seen`;
