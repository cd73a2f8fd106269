-- Like inbox_heads, for the waiting tasks of one agent: one step into tasks_assigned_queue for each audience.
CREATE OR REPLACE FUNCTION assigned_heads(p_agent_id text) RETURNS TABLE (
  id text, requires text[], audience bigint, priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql STABLE
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH RECURSIVE heads AS (
    (SELECT t.id, t.requires, task_audience(t.requires, t.released_by) AS audience,
      t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
    FROM tasks t WHERE t.assignee_id = p_agent_id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
    ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1)
    UNION ALL
    SELECT n.* FROM heads h CROSS JOIN LATERAL (
      SELECT t.id, t.requires, task_audience(t.requires, t.released_by) AS audience,
        t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
      FROM tasks t WHERE t.assignee_id = p_agent_id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
        AND task_audience(t.requires, t.released_by) > h.audience
      ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1
    ) n)
  SELECT h.* FROM heads h;
END $$;
