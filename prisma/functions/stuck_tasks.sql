-- The tasks that no agent can take, and what is missing: capabilities that no agent has (lacking), agents that could take the
-- task and are not there (absent, as "name: reason"), or dependencies that ended without success (blockers). At most p_most of
-- each kind, in the order of the queues.
-- What passes by itself is not here: a future start, a backoff, agents at capacity, an open dependency that can still end well. A
-- gateway that can't be reached and a silent agent that the task is assigned to are facts of their own, so they are not here
-- either.
-- Whether an audience can be taken is decided once for all its tasks: one step into a queue for each audience (task_audience).
CREATE OR REPLACE FUNCTION stuck_tasks(p_timeout_ms bigint, p_default_gateway text, p_gateways text[], p_most int)
RETURNS TABLE (id text, since timestamptz, lacking text[], absent text[], blockers text[]) LANGUAGE plpgsql STABLE
-- As in inbox_heads: with old statistics the planner would choose a plan that is worse than these steps.
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH RECURSIVE heads AS (
    (SELECT t.requires, t.released_by, task_audience(t.requires, t.released_by) AS audience
    FROM tasks t WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL
    ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1)
    UNION ALL
    SELECT n.* FROM heads h CROSS JOIN LATERAL (
      SELECT t.requires, t.released_by, task_audience(t.requires, t.released_by) AS audience
      FROM tasks t WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL
        AND task_audience(t.requires, t.released_by) > h.audience
      ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1
    ) n),
  stuck AS (SELECT h.*, g.* FROM (SELECT * FROM heads LIMIT p_most) h CROSS JOIN LATERAL (
      SELECT array_agg(a.name || ': ' || absence(a, p_timeout_ms, p_default_gateway, p_gateways) ORDER BY a.name) AS absent,
        max(absent_since(a, p_timeout_ms)) AS gone_at,
        count(*) FILTER (WHERE absence(a, p_timeout_ms, p_default_gateway, p_gateways) IS NULL) AS there
      FROM agents a WHERE a.accepts_inbox AND h.requires <@ a.capabilities) g
    WHERE g.there = 0)
  SELECT t.id, greatest(t.status_at, t.starts_at, t.backoff_until, s.gone_at),
    CASE WHEN s.absent IS NOT NULL THEN '{}' ELSE coalesce(
      (SELECT array_agg(word) FROM unnest(s.requires) word
        WHERE NOT EXISTS (SELECT FROM agents a WHERE a.accepts_inbox AND word = ANY(a.capabilities))), s.requires) END,
    coalesce(s.absent[1:5], '{}'), '{}'::text[]
  FROM stuck s CROSS JOIN LATERAL (SELECT * FROM tasks t WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL
    AND task_audience(t.requires, t.released_by) = s.audience AND t.requires = s.requires AND t.released_by = s.released_by
    ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT p_most) t
  LIMIT p_most;

  RETURN QUERY SELECT t.id, greatest(t.status_at, t.starts_at, t.backoff_until, absent_since(a, p_timeout_ms)),
    ARRAY(SELECT word FROM unnest(t.requires) word WHERE word <> ALL(a.capabilities)),
    CASE WHEN away.reason IS NULL THEN '{}' ELSE ARRAY[a.name || ': ' || away.reason] END, '{}'::text[]
  FROM agents a
  -- Of a silent agent only its work is a fact, and of an agent with an unknown gateway only the gateway.
  CROSS JOIN LATERAL (SELECT CASE WHEN a.paused_at IS NOT NULL THEN 'paused' WHEN a.delivery = 'PULL' THEN NULL
    WHEN a.error_at IS NOT NULL THEN 'refused by its gateway'
    WHEN coalesce(a.gateway, p_default_gateway) IS NULL THEN 'has no gateway' END AS reason) away
  CROSS JOIN LATERAL assigned_heads(a.id) h
  CROSS JOIN LATERAL (SELECT * FROM tasks t WHERE t.assignee_id = a.id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
    AND task_audience(t.requires, t.released_by) = h.audience AND t.requires = h.requires
    ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT p_most) t
  WHERE away.reason IS NOT NULL OR NOT h.requires <@ a.capabilities
  LIMIT p_most;

  RETURN QUERY SELECT t.id, greatest(t.status_at, b.at), '{}'::text[], '{}'::text[], b.names
  FROM tasks t CROSS JOIN LATERAL (SELECT max(o.completed_at) AS at, array_agg('TASK-' || o.number || ': ' || o.status ORDER BY o.number) AS names
    -- OFFSET 0 keeps this order: the dependencies of the task, then each of them by its key.
    FROM (SELECT d.depends_on_id FROM task_dependencies d WHERE d.task_id = t.id AND d.settled_at IS NULL OFFSET 0) d
    CROSS JOIN LATERAL (SELECT * FROM tasks o WHERE o.id = d.depends_on_id OFFSET 0) o WHERE o.status IN ('FAILED', 'CANCELLED')) b
  WHERE t.status IN ('INBOX', 'ASSIGNED') AND t.open_dependencies > 0 AND b.names IS NOT NULL
  LIMIT p_most;
END $$;
