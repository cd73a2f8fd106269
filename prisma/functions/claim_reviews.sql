-- The claims of review rounds of several reviewers in one round trip, at most one for each. It does what claimOnce does for a
-- reviewer that holds no round (src/services/reviews/claim-next-review.ts), except for the prompt, which the caller writes.
--
-- A reviewer gets no answer if it holds a round, is none, or another transaction has locked it or claims for it: the caller serves
-- that claim by itself, and waits there. A row without a task says that no round waits for the reviewer.
CREATE OR REPLACE FUNCTION claim_reviews(
  p_agent_ids text[], p_lease_ms int[], p_run_ids text[], p_coordinators text[],
  -- The author of the events.
  p_actor_key_ids text[], p_actor_agent_ids text[],
  p_timeouts_ms bigint[]
) RETURNS TABLE (place int, task tasks, run review_runs, feedback json, has_new_status boolean) LANGUAGE plpgsql
-- As in claim_tasks.
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  n int; reviewer record; picked tasks; opened review_runs;
  places int[] := '{}'; taken tasks[] := '{}'; taken_ids text[] := '{}'; runs review_runs[] := '{}'; changes jsonb;
BEGIN
  FOR n IN 1 .. cardinality(p_agent_ids) LOOP
    SELECT a.id, a.paused_at, a.max_capacity INTO reviewer FROM agents a
    WHERE a.id = p_agent_ids[n] AND (a.role = 'reviewer' OR a.name = p_coordinators[n]) FOR NO KEY UPDATE SKIP LOCKED;
    CONTINUE WHEN reviewer.id IS NULL;
    -- As lockReviewer, but it does not wait.
    CONTINUE WHEN NOT pg_try_advisory_xact_lock(hashtextextended('mission_control.reviewer.' || reviewer.id, 0));
    CONTINUE WHEN EXISTS (SELECT FROM review_runs r WHERE r.agent_id = reviewer.id AND r.outcome = 'RUNNING' AND r.trigger = 'CLAIM');

    picked := NULL; opened := NULL;
    IF reviewer.paused_at IS NULL
      AND (SELECT count(*) FROM review_runs r WHERE r.agent_id = reviewer.id AND r.outcome = 'RUNNING') < reviewer.max_capacity THEN
      -- IS NOT DISTINCT FROM uses no index: by the agent, the plan could read all runs of the reviewer.
      -- tasks_review_queue from its head. A task that an earlier claim of this batch has taken is locked by this transaction, and is not skipped.
      SELECT t.* INTO picked FROM tasks t WHERE t.status = 'REVIEW' AND t.assignee_id IS DISTINCT FROM reviewer.id AND t.id <> ALL(taken_ids)
        AND coalesce((SELECT false FROM review_runs r WHERE r.task_id = t.id AND r.round = t.review_round AND r.finished_at IS NULL LIMIT 1), true)
        AND coalesce((SELECT false FROM task_runs w WHERE w.task_id = t.id AND w.agent_id IS NOT DISTINCT FROM reviewer.id LIMIT 1), true)
      ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.status_at, t.number LIMIT 1 FOR NO KEY UPDATE OF t SKIP LOCKED;
      IF picked.id IS NOT NULL THEN
        INSERT INTO review_runs AS r (id, task_id, round, agent_id, lease_ms, lease_expires_at)
        VALUES (p_run_ids[n], picked.id, picked.review_round, reviewer.id, p_lease_ms[n], now() + p_lease_ms[n] * interval '1 millisecond')
        ON CONFLICT (task_id, round) WHERE outcome = 'RUNNING' DO NOTHING RETURNING r.* INTO opened;
        -- Another reviewer has taken the round just now.
        CONTINUE WHEN opened.id IS NULL;
        taken_ids := taken_ids || picked.id;
      END IF;
    END IF;
    places := places || n; taken := array_append(taken, picked); runs := array_append(runs, opened);
  END LOOP;

  IF cardinality(places) = 0 THEN
    RETURN;
  END IF;

  changes := (SELECT jsonb_object_agg((s.agent).id, jsonb_build_object('from', s.was, 'to', (s.agent).announced_status))
    FILTER (WHERE s.was <> (s.agent).announced_status)
    FROM see_agents(ARRAY(SELECT p_agent_ids[u] FROM unnest(places) u), false, ARRAY(SELECT p_timeouts_ms[u] FROM unnest(places) u)) s);

  RETURN QUERY SELECT places[u], taken[u], runs[u],
    -- The rejections since its creation or last retry, oldest first.
    CASE WHEN (taken[u]).review_cycles > 0 THEN (SELECT json_agg(q.feedback ORDER BY q.round) FROM (
      SELECT feedback, round FROM quality_reviews WHERE task_id = (taken[u]).id AND verdict = 'REJECTED' AND NOT superseded
      ORDER BY round DESC LIMIT (taken[u]).review_cycles) q) END,
    coalesce(changes ? p_agent_ids[places[u]], false)
  FROM generate_subscripts(places, 1) u;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, payload)
  SELECT e.type, p_actor_key_ids[e.place], p_actor_agent_ids[e.place], e.task_id, p_agent_ids[e.place], e.payload
  FROM (SELECT places[u] AS place, 1 AS step, 'review.claimed' AS type, (taken[u]).id AS task_id, jsonb_build_object('round', (taken[u]).review_round) AS payload
      FROM generate_subscripts(places, 1) u WHERE (taken[u]).id IS NOT NULL
    UNION ALL SELECT array_position(p_agent_ids, c.key), 2, 'agent.status_changed', NULL, c.value FROM jsonb_each(changes) c) e
  ORDER BY e.place, e.step;
END $$;
