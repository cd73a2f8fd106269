-- Searches one audience of the inbox like take_task, for tags that few of its first tasks have. It reads tasks_waiting_tags,
-- so its cost depends on the waiting tasks with these tags and not on the tasks before them.
CREATE OR REPLACE FUNCTION take_tagged_task(
  p_tags text[], p_requires text[], p_released_by text[], p_except text[],
  p_priority task_priority, p_due timestamptz, p_created_at timestamptz, p_number bigint
) RETURNS TABLE (
  id text, status task_status, run_count int, audience bigint,
  priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql
-- With other settings the planner does not use the index of the tags.
SET enable_indexscan = off SET enable_seqscan = off SET enable_bitmapscan = on SET enable_sort = on AS $$
#variable_conflict use_column
DECLARE
  tagged text[]; waiting record; taken tasks;
BEGIN
  -- The conditions fit no other index. Otherwise the planner could read tasks_inbox_queue to its end.
  tagged := ARRAY(SELECT t.id FROM tasks t
    WHERE t.current_run_id IS NULL AND t.completed_at IS NULL AND t.tags <> '{}' AND t.tags @> p_tags);

  FOR waiting IN
    SELECT t.id FROM unnest(tagged) AS u(id) CROSS JOIN LATERAL (SELECT * FROM tasks each WHERE each.id = u.id OFFSET 0) t
    WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL
      AND t.requires = p_requires AND t.released_by = p_released_by AND t.id <> ALL(p_except)
      AND (t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number) < (p_priority, p_due, p_created_at, p_number)
    ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number
  LOOP
    -- Locked by its id alone, so that the planner has no choice. The row may have changed before the lock.
    SELECT * INTO taken FROM tasks t WHERE t.id = waiting.id FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND AND taken.status = 'INBOX' AND taken.open_dependencies = 0 AND taken.not_before IS NULL AND taken.tags @> p_tags
      AND taken.requires = p_requires AND taken.released_by = p_released_by THEN
      RETURN QUERY SELECT taken.id, taken.status, taken.run_count, task_audience(p_requires, p_released_by), taken.priority,
        coalesce(taken.due_at, 'infinity'::timestamptz), taken.created_at, taken.number;
      EXIT;
    END IF;
  END LOOP;
END $$;
