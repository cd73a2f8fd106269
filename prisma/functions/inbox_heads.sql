-- The first task of the inbox for each audience (task_audience) that an agent with these capabilities may have, without
-- those in p_except, which the same claim has handed out already. One step into tasks_inbox_queue for each such audience,
-- however many tasks it has, and at most one more for each capability: a group of audiences whose first requirement is not
-- among the capabilities is stepped over as a whole.
CREATE OR REPLACE FUNCTION inbox_heads(p_except text[], p_capabilities text[]) RETURNS TABLE (
  id text, requires text[], released_by text[], audience bigint, priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql STABLE
-- As in claim_tasks: with old statistics the planner would choose a plan that is worse than these steps.
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  groups bigint[] := 0::bigint || ARRAY(SELECT task_audience(ARRAY[c], '{}') >> 40 FROM unnest(p_capabilities) c);
BEGIN
  RETURN QUERY WITH RECURSIVE heads AS (
    (SELECT t.id, t.requires, t.released_by, task_audience(t.requires, t.released_by) AS audience,
      t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
    FROM tasks t WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND t.id <> ALL(p_except)
    ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1)
    UNION ALL
    SELECT n.* FROM heads h
    CROSS JOIN LATERAL (SELECT CASE WHEN h.audience >> 40 = ANY(groups) THEN h.audience
      ELSE (SELECT min(g) << 40 FROM unnest(groups) g WHERE g > h.audience >> 40) END AS audience) after
    CROSS JOIN LATERAL (
      SELECT t.id, t.requires, t.released_by, task_audience(t.requires, t.released_by) AS audience,
        t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
      FROM tasks t WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND t.id <> ALL(p_except)
        AND task_audience(t.requires, t.released_by) > after.audience
      ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1
    ) n)
  SELECT h.* FROM heads h WHERE h.requires <@ p_capabilities;
END $$;
