-- Locks and returns the first task in queue order that this agent may have and that no other transaction has locked, except
-- those in p_except. Returns no row if there is none. The caller has locked the agent and checked its capacity.
--
-- The heads of the audiences are read without a lock and gone through in order. Each is locked by a search in its audience
-- that ends at the best task so far, so a second task is locked only where the first head was held by another transaction.
-- SKIP LOCKED: nothing in here waits for a row of another transaction. p_tags narrows the search to tasks that have all these
-- tags. If none of the first five hundred tasks of an audience has them, the search continues in the index of the tags.
CREATE OR REPLACE FUNCTION take_task(
  p_agent_id text, p_capabilities text[], p_accepts_inbox boolean, p_tags text[], p_except text[],
  p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
) RETURNS TABLE (
  id text, status task_status, run_count int, audience bigint,
  priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  head record; taken record; best record; bound record;
BEGIN
  -- A position after every task.
  SELECT NULL::text AS id, NULL::task_status AS status, 0 AS run_count, 0::bigint AS audience, 'LOW'::task_priority AS priority,
    'infinity'::timestamptz AS due, 'infinity'::timestamptz AS created_at, 9223372036854775807 AS number INTO best;

  FOR head IN SELECT * FROM open_heads(p_agent_id, p_capabilities, p_accepts_inbox, p_except, p_timeout_ms, p_default_gateway, p_gateways) LOOP
    EXIT WHEN (head.priority, head.due, head.created_at, head.number) > (best.priority, best.due, best.created_at, best.number);

    IF head.status = 'ASSIGNED' THEN
      SELECT t.id, t.status, t.run_count, head.audience AS audience, t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
      INTO taken FROM tasks t
      WHERE t.assignee_id = p_agent_id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
        AND task_audience(t.requires, t.released_by) = head.audience AND t.requires = head.requires AND (p_tags IS NULL OR t.tags @> p_tags)
        AND (t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number) < (best.priority, best.due, best.created_at, best.number)
      ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    ELSE
      bound := best;
      IF p_tags IS NOT NULL THEN
        -- The search for the tags reads the audience up to this position.
        SELECT NULL::text AS id, NULL::task_status AS status, 0 AS run_count, 0::bigint AS audience, t.priority,
          coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number INTO taken FROM tasks t
        WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND task_audience(t.requires, t.released_by) = head.audience
        ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1 OFFSET 500;
        IF FOUND AND (taken.priority, taken.due, taken.created_at, taken.number) < (best.priority, best.due, best.created_at, best.number) THEN
          bound := taken;
        END IF;
      END IF;

      SELECT t.id, t.status, t.run_count, head.audience AS audience, t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
      INTO taken FROM tasks t
      WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND t.id <> ALL(p_except)
        AND task_audience(t.requires, t.released_by) = head.audience AND t.requires = head.requires AND t.released_by = head.released_by
        AND (p_tags IS NULL OR t.tags @> p_tags)
        AND (t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number) < (bound.priority, bound.due, bound.created_at, bound.number)
      ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;

      IF taken.id IS NULL AND bound.number IS DISTINCT FROM best.number THEN
        SELECT t.id, t.status, t.run_count, t.audience, t.priority, t.due, t.created_at, t.number INTO taken
        FROM take_tagged_task(p_tags, head.requires, head.released_by, p_except, best.priority, best.due, best.created_at, best.number) t;
      END IF;
    END IF;

    IF taken.id IS NOT NULL THEN
      best := taken;
    END IF;
  END LOOP;

  IF best.id IS NOT NULL THEN
    RETURN QUERY SELECT best.id, best.status, best.run_count, best.audience, best.priority, best.due, best.created_at, best.number;
  END IF;
END $$;
