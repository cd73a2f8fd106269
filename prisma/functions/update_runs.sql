-- The calls of renewLease and reportProgress that arrive together, in one round trip, at most one for each run. It updates the
-- runs, notes that their agents have called, and returns the rows.
--
-- A run that is not live, that is not the caller's, or that another transaction has locked, itself or its agent, gets no answer.
-- The caller serves that call by itself: it waits there, and finds out what to refuse. A live run holds its task, so its own row
-- is the fence: a call that ends the run waits for this lock, and what it has ended is not RUNNING.
CREATE OR REPLACE FUNCTION update_runs(
  p_run_ids text[],
  -- The key of the caller, and the agent that it is bound to, which must be that of the run.
  p_key_ids text[], p_agent_ids text[],
  -- Without a message the lease is renewed: with this length, or with that of the run if it is null.
  p_messages text[], p_percents float8[], p_lease_ms int[],
  p_timeouts_ms bigint[]
) RETURNS TABLE (place int, run task_runs, has_new_status boolean) LANGUAGE plpgsql
-- As in claim_tasks.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  -- The live runs: their places in the call, their tasks and their agents.
  places int[]; run_ids text[]; task_ids text[]; agent_ids text[];
  locked text[]; updated task_runs[]; changes jsonb;
BEGIN
  -- By the end and not by the outcome, as in submit_verdicts.
  SELECT array_agg(l.place), array_agg(l.task_id), array_agg(l.agent_id) INTO places, task_ids, agent_ids FROM (
    SELECT array_position(p_run_ids, r.id) AS place, r.task_id, r.agent_id FROM task_runs r
    WHERE r.id = ANY(p_run_ids) AND r.finished_at IS NULL AND r.agent_id = coalesce(p_agent_ids[array_position(p_run_ids, r.id)], r.agent_id)
    FOR NO KEY UPDATE SKIP LOCKED) l;
  locked := ARRAY(SELECT id FROM agents WHERE id = ANY(agent_ids) FOR NO KEY UPDATE SKIP LOCKED);
  SELECT array_agg(l.place ORDER BY l.place), array_agg(p_run_ids[l.place] ORDER BY l.place), array_agg(l.task_id ORDER BY l.place),
    array_agg(l.agent_id ORDER BY l.place)
  INTO places, run_ids, task_ids, agent_ids
  FROM unnest(places, task_ids, agent_ids) AS l(place, task_id, agent_id) WHERE l.agent_id = ANY(locked);
  IF places IS NULL THEN
    RETURN;
  END IF;

  WITH updated AS (
    UPDATE task_runs r SET progress = coalesce(p_messages[array_position(p_run_ids, r.id)], r.progress),
      progress_percent = coalesce(p_percents[array_position(p_run_ids, r.id)], r.progress_percent),
      lease_ms = coalesce(p_lease_ms[array_position(p_run_ids, r.id)], r.lease_ms),
      lease_expires_at = CASE WHEN p_messages[array_position(p_run_ids, r.id)] IS NOT NULL THEN r.lease_expires_at
        ELSE now() + coalesce(p_lease_ms[array_position(p_run_ids, r.id)], r.lease_ms) * interval '1 millisecond' END,
      lease_expiry_noted_at = CASE WHEN p_messages[array_position(p_run_ids, r.id)] IS NOT NULL THEN r.lease_expiry_noted_at END
    WHERE r.id = ANY(run_ids) RETURNING r AS row)
  SELECT array_agg(d.row ORDER BY array_position(run_ids, (d.row).id)) INTO updated FROM updated d;

  changes := (SELECT jsonb_object_agg((s.agent).id, jsonb_build_object('from', s.was, 'to', (s.agent).announced_status))
    FILTER (WHERE s.was <> (s.agent).announced_status)
    FROM see_agents(agent_ids, false, ARRAY(SELECT p_timeouts_ms[l] FROM unnest(places) l)) s);

  RETURN QUERY SELECT places[n], updated[n], coalesce(changes ? agent_ids[n], false) FROM generate_subscripts(places, 1) n;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, payload)
  SELECT e.type, CASE WHEN p_agent_ids[e.place] IS NULL THEN p_key_ids[e.place] END, p_agent_ids[e.place], e.task_id, e.agent_id, e.run_id, e.payload
  FROM (
    SELECT 1 AS step, u.place, 'run.progress' AS type, u.task_id, u.agent_id, u.run_id,
      jsonb_strip_nulls(jsonb_build_object('message', p_messages[u.place], 'percent', p_percents[u.place])) AS payload
    FROM unnest(places, run_ids, task_ids, agent_ids) AS u(place, run_id, task_id, agent_id) WHERE p_messages[u.place] IS NOT NULL
    UNION ALL
    SELECT 2, places[array_position(agent_ids, c.key)], 'agent.status_changed', NULL, c.key, NULL, c.value FROM jsonb_each(changes) c) e
  ORDER BY e.place, e.step;
END $$;
