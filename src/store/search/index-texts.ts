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

/**
 * Writes the texts and tags of the next tasks, at most `limit` by their numbers, and of those with events in the next part of the log. Returns
 * how many events and tasks were looked at. The state moves in the same statement and its row is locked, so one process writes at
 * a time, and a process that is killed leaves nothing to repeat by hand.
 */
export async function indexTexts(executor: Executor, limit: number): Promise<number> {
  const [row] = await query<{ seen: number }>(executor, {
    name: 'index_texts',
    text: INDEX,
    values: [limit, TEXT_EVENTS],
  });
  return row?.seen ?? 0;
}

const INDEX = `WITH state AS MATERIALIZED (SELECT number, position FROM search_state WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED),
  fresh AS MATERIALIZED (SELECT id, number FROM tasks WHERE number > (SELECT number FROM state) ORDER BY number LIMIT $1),
  batch AS MATERIALIZED (SELECT id, type, task_id FROM events WHERE id > (SELECT position FROM state) ORDER BY id LIMIT $1),
  touched AS MATERIALIZED (SELECT id FROM fresh UNION SELECT task_id FROM batch WHERE type = ANY($2) AND task_id IS NOT NULL),
  written AS (INSERT INTO search_texts AS s (task_id, body)
    SELECT t.id, concat_ws(E'\\n', t.title, t.description, t.resolution,
      (SELECT string_agg(c.body, E'\\n') FROM comments c WHERE c.task_id = t.id),
      (SELECT string_agg(q.feedback, E'\\n') FROM quality_reviews q WHERE q.task_id = t.id))
    FROM touched JOIN LATERAL (SELECT id, title, description, resolution FROM tasks WHERE id = touched.id OFFSET 0) t ON true
    ORDER BY t.id ON CONFLICT (task_id) DO UPDATE SET body = excluded.body WHERE s.body <> excluded.body),
  tagged AS (INSERT INTO task_tags (tag) SELECT DISTINCT tag
    FROM touched JOIN LATERAL (SELECT tags FROM tasks WHERE id = touched.id OFFSET 0) t ON true CROSS JOIN LATERAL unnest(t.tags) tag
    ORDER BY tag ON CONFLICT DO NOTHING),
  moved AS (UPDATE search_state s SET number = coalesce((SELECT max(number) FROM fresh), s.number),
      position = coalesce((SELECT max(id) FROM batch), s.position)
    FROM state WHERE s.id = 1 AND (EXISTS (SELECT FROM fresh) OR EXISTS (SELECT FROM batch)))
  SELECT ((SELECT count(*) FROM fresh) + (SELECT count(*) FROM batch))::int AS seen`;
