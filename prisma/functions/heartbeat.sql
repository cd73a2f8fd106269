-- The heartbeats of several agents in one round trip, at most one for each agent: renews the leases of their claimed runs and
-- reviews, notes that they have called, and returns their live runs and those that they lost.
--
-- It waits for no row: an agent whose row, or one of whose runs, another transaction has locked gets no answer. The caller serves
-- that heartbeat by itself, and waits there. This one may have renewed other runs of the agent, which the repeat does again.
CREATE OR REPLACE FUNCTION heartbeat(
  p_agent_ids text[],
  -- The new length of the leases; null keeps that of each run.
  p_lease_ms int[],
  -- The only runs to renew, as a list in JSON; null for all.
  p_only jsonb[],
  p_timeouts_ms bigint[],
  -- The author of a change of the status.
  p_actor_key_ids text[], p_actor_agent_ids text[]
) RETURNS TABLE (place int, agent agents, was agent_status, runs task_runs[], lost json) LANGUAGE plpgsql
-- As in claim_tasks.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  locked text[]; open_runs text[]; open_reviews text[]; held text[]; renewed task_runs[]; seen record; changes jsonb := '{}';
BEGIN
  locked := ARRAY(SELECT id FROM agents WHERE id = ANY(p_agent_ids) FOR NO KEY UPDATE SKIP LOCKED);

  -- Only the dispatcher renews dispatched runs, so that its death is noticed.
  open_runs := ARRAY(SELECT r.id FROM task_runs r WHERE r.agent_id = ANY(locked) AND r.outcome = 'RUNNING' AND r.trigger = 'CLAIM'
    AND coalesce(p_only[array_position(p_agent_ids, r.agent_id)] ? r.id, true));
  open_reviews := ARRAY(SELECT r.id FROM review_runs r WHERE r.agent_id = ANY(locked) AND r.outcome = 'RUNNING' AND r.trigger = 'CLAIM'
    AND coalesce(p_only[array_position(p_agent_ids, r.agent_id)] ? r.id, true));

  IF cardinality(open_runs) > 0 THEN
    -- By the end and not by the outcome, as in submit_verdicts.
    held := ARRAY(SELECT id FROM task_runs WHERE id = ANY(open_runs) AND finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED);
    WITH updated AS (
      UPDATE task_runs r SET lease_ms = coalesce(p_lease_ms[array_position(p_agent_ids, r.agent_id)], r.lease_ms), lease_expiry_noted_at = NULL,
        lease_expires_at = now() + coalesce(p_lease_ms[array_position(p_agent_ids, r.agent_id)], r.lease_ms) * interval '1 millisecond'
      WHERE r.id = ANY(held) RETURNING r AS row)
    SELECT array_agg(d.row) INTO renewed FROM updated d;
    -- A run that was not renewed is locked, or has ended just now.
    IF cardinality(held) < cardinality(open_runs) THEN
      locked := ARRAY(SELECT unnest(locked) EXCEPT SELECT agent_id FROM task_runs WHERE id = ANY(open_runs) AND id <> ALL(held));
    END IF;
  END IF;

  IF cardinality(open_reviews) > 0 THEN
    held := ARRAY(SELECT id FROM review_runs WHERE id = ANY(open_reviews) AND finished_at IS NULL FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE review_runs r SET lease_ms = coalesce(p_lease_ms[array_position(p_agent_ids, r.agent_id)], r.lease_ms),
      lease_expires_at = now() + coalesce(p_lease_ms[array_position(p_agent_ids, r.agent_id)], r.lease_ms) * interval '1 millisecond'
    WHERE r.id = ANY(held);
    IF cardinality(held) < cardinality(open_reviews) THEN
      locked := ARRAY(SELECT unnest(locked) EXCEPT SELECT agent_id FROM review_runs WHERE id = ANY(open_reviews) AND id <> ALL(held));
    END IF;
  END IF;

  FOR seen IN SELECT s.agent, s.was
    FROM see_agents(locked, true, ARRAY(SELECT p_timeouts_ms[array_position(p_agent_ids, l)] FROM unnest(locked) l)) s
  LOOP
    agent := seen.agent; was := seen.was; place := array_position(p_agent_ids, (agent).id);
    runs := ARRAY(SELECT d FROM unnest(renewed) d WHERE (d).agent_id = (agent).id);
    lost := (SELECT json_agg(l) FROM lost_runs((agent).id) l);
    IF was <> (agent).announced_status THEN
      changes := changes || jsonb_build_object((agent).id, jsonb_build_object('from', was, 'to', (agent).announced_status));
    END IF;
    RETURN NEXT;
  END LOOP;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, agent_id, payload)
  SELECT 'agent.status_changed', p_actor_key_ids[array_position(p_agent_ids, c.key)], p_actor_agent_ids[array_position(p_agent_ids, c.key)],
    c.key, c.value
  FROM jsonb_each(changes) c ORDER BY array_position(p_agent_ids, c.key);
END $$;
