-- Ends runs whose holders complete, fail or release them, for many calls in one round trip. It does what moveTask and its
-- callers do in a transaction of one call (src/services/runs): a test runs both on the same tasks and compares every row and
-- every event. The trigger of tasks refuses a move that the transition table does not have.
--
-- Returns a row for each call that it has served. A call that is not in the answer is left alone, and nothing is changed for
-- it; the caller then serves it in a transaction of its own, which also finds out why a call is refused. Left alone are:
-- - a run that has ended or was replaced, or that belongs to another agent, and an idempotency key that was used;
-- - a run whose row, or whose task or agent, another transaction has locked. Nothing in here waits for a row of another
--   transaction, so one stuck transaction does not delay the other calls of the batch, and it can't be part of a deadlock;
-- - what takes further steps: a dispatched run, and a task that ends while others wait for it or in a pipeline run.
--
-- No two calls of a batch have the same run or the same idempotency key. A new key may have to wait for another transaction
-- that uses it; the limit ends that wait.
CREATE OR REPLACE FUNCTION end_runs(
  p_run_ids text[],
  -- A list of objects, one for each run, with the fields that lock_run_ends reads.
  p_calls jsonb
) RETURNS TABLE (request int, ended_task tasks, agent_id text, started_at timestamptz) LANGUAGE plpgsql
SET lock_timeout = '500ms'
-- As in claim_tasks: the plans must not depend on the age of the statistics.
SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_seqscan = off SET enable_memoize = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  ends run_end[]; agents_changed text[]; statuses_before text[]; statuses text[];
BEGIN
  ends := lock_run_ends(p_run_ids, p_calls);
  IF cardinality(ends) = 0 THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT * FROM write_run_ends(ends);

  -- The agents have just made a call, so none of them is silent.
  SELECT array_agg((s.agent).id), array_agg(s.was::text), array_agg((s.agent).announced_status::text) INTO agents_changed, statuses_before, statuses
  FROM see_agents(ARRAY(SELECT DISTINCT e.agent_id FROM unnest(ends) e), false, array_fill(86400000::bigint, ARRAY[cardinality(ends)])) s
  WHERE s.was <> (s.agent).announced_status;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, comment_id, payload)
  SELECT w.type, w.actor_key_id, w.actor_agent_id, w.task_id, w.agent_id, w.run_id, w.comment_id, w.payload FROM events_of_run_ends(ends) w;

  IF agents_changed IS NOT NULL THEN
    INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, agent_id, payload)
    SELECT 'agent.status_changed', e.actor_key_id, e.actor_agent_id, u.id, jsonb_build_object('from', u.was, 'to', u.status)
    FROM unnest(agents_changed, statuses_before, statuses) AS u(id, was, status),
      LATERAL (SELECT c.actor_key_id, c.actor_agent_id FROM unnest(ends) c WHERE c.agent_id = u.id LIMIT 1) e;
  END IF;
END $$;
