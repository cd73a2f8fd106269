-- The next entries of the log after a position, in log order: of all tasks, or of one.
CREATE OR REPLACE FUNCTION log_page(p_after bigint, p_limit int, p_task_id text) RETURNS SETOF events LANGUAGE plpgsql STABLE
-- While the statistics are older than the log, the planner expects few entries after the position and sorts all of them. Walking
-- the index in its order is never worse.
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off AS $$
BEGIN
  IF p_task_id IS NULL THEN
    -- events_pkey
    RETURN QUERY SELECT e.* FROM events e WHERE e.id > p_after ORDER BY e.id LIMIT p_limit;
  ELSE
    -- events_task_idx
    RETURN QUERY SELECT e.* FROM events e WHERE e.task_id = p_task_id AND e.id > p_after ORDER BY e.id LIMIT p_limit;
  END IF;
END $$;
