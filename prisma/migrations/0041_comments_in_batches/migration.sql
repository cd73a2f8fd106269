-- The comments of several callers in one round trip. A comment that has to be refused, or of which the row of the task does not say
-- that its author may see the task, gets no answer: the caller serves that call by itself, by the whole rule (visible-tasks.ts).
-- A test holds that what is accepted here is visible by that rule.
-- Idempotency keys and lock_timeout are as in create_tasks.
CREATE OR REPLACE FUNCTION add_comments(
  p_ids text[],
  -- The task, by id or by number.
  p_task_ids text[], p_numbers bigint[],
  -- The key of the author, and the agent that it is bound to.
  p_key_ids text[], p_agent_ids text[],
  p_bodies text[], p_reply_ids text[],
  p_keys text[], p_fingerprints text[]
) RETURNS TABLE (place int, is_new boolean, comment comments) LANGUAGE plpgsql
-- As in claim_tasks.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET lock_timeout = '200ms' AS $$
#variable_conflict use_column
DECLARE
  -- The tasks, as they are found; then the comments to write.
  t_ids text[]; t_numbers bigint[]; t_assignees text[]; t_creators text[]; t_open boolean[];
  places int[]; task_ids text[]; assignees text[];
  replied text[]; n int; earlier idempotency_keys;
BEGIN
  SELECT array_agg(t.id), array_agg(t.number), array_agg(t.assignee_id), array_agg(t.created_by_agent_id), array_agg(t.status = 'INBOX')
  INTO t_ids, t_numbers, t_assignees, t_creators, t_open
  -- Each by a look-up of its own. With ANY, a plan that was made while the table had a few rows reads it whole.
  FROM (SELECT DISTINCT l.* FROM unnest(p_task_ids, p_numbers) AS u(id, number) CROSS JOIN LATERAL (
    (SELECT id, number, assignee_id, created_by_agent_id, status FROM tasks WHERE id = u.id LIMIT 1)
    UNION ALL (SELECT id, number, assignee_id, created_by_agent_id, status FROM tasks WHERE number = u.number LIMIT 1)) l) t;

  -- A comment and its task, as one text.
  IF array_remove(p_reply_ids, NULL) <> '{}' THEN
    replied := ARRAY(SELECT c.id || ' ' || c.task_id FROM unnest(p_reply_ids) AS u(id)
      CROSS JOIN LATERAL (SELECT id, task_id FROM comments WHERE id = u.id LIMIT 1) c);
  END IF;

  SELECT array_agg(u.place::int), array_agg(t.id), array_agg(t.assignee) INTO places, task_ids, assignees
  FROM unnest(p_task_ids, p_numbers, p_agent_ids, p_reply_ids) WITH ORDINALITY AS u(id, number, agent, reply, place)
  JOIN unnest(t_ids, t_numbers, t_assignees, t_creators, t_open) AS t(id, number, assignee, creator, is_open) ON t.id = u.id OR t.number = u.number
  WHERE (u.agent IS NULL OR t.is_open OR t.assignee = u.agent OR t.creator = u.agent)
    AND (u.reply IS NULL OR u.reply || ' ' || t.id = ANY(replied));

  IF array_remove(p_keys, NULL) <> '{}' THEN
    INSERT INTO idempotency_keys AS k (scope, operation, key, fingerprint, subject_id)
    SELECT p_key_ids[u.place], 'addComment', p_keys[u.place], p_fingerprints[u.place], p_ids[u.place]
    FROM unnest(places) AS u(place) WHERE p_keys[u.place] IS NOT NULL ORDER BY 1, 3
    ON CONFLICT (scope, operation, key) DO UPDATE
      SET fingerprint = excluded.fingerprint, subject_id = excluded.subject_id, created_at = now()
      WHERE k.created_at <= now() - interval '24 hours';

    FOR n IN SELECT u.place FROM unnest(places) AS u(place) WHERE p_keys[u.place] IS NOT NULL LOOP
      SELECT * INTO earlier FROM idempotency_keys WHERE scope = p_key_ids[n] AND operation = 'addComment' AND key = p_keys[n];
      IF earlier.subject_id <> p_ids[n] THEN
        IF earlier.fingerprint = p_fingerprints[n] THEN
          RETURN QUERY SELECT n, false, c FROM comments c WHERE c.id = earlier.subject_id;
        END IF;
        SELECT array_agg(u.place), array_agg(u.task), array_agg(u.assignee) INTO places, task_ids, assignees
        FROM unnest(places, task_ids, assignees) AS u(place, task, assignee) WHERE u.place <> n;
      END IF;
    END LOOP;
  END IF;

  RETURN QUERY WITH made AS (
    INSERT INTO comments AS c (id, task_id, author_key_id, author_agent_id, in_reply_to_id, body)
    SELECT p_ids[u.place], u.task, CASE WHEN p_agent_ids[u.place] IS NULL THEN p_key_ids[u.place] END, p_agent_ids[u.place],
      p_reply_ids[u.place], p_bodies[u.place]
    FROM unnest(places, task_ids) AS u(place, task)
    RETURNING c AS row)
  SELECT array_position(p_ids, (m.row).id), true, m.row FROM made m;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, comment_id)
  SELECT 'task.comment_added', CASE WHEN p_agent_ids[u.place] IS NULL THEN p_key_ids[u.place] END, p_agent_ids[u.place], u.task, u.assignee, p_ids[u.place]
  FROM unnest(places, task_ids, assignees) AS u(place, task, assignee) ORDER BY u.place;
END $$;
