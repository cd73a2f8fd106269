-- Ends runs whose holders hand in their results and claim the next task in the same request. It is one transaction, so it costs one
-- commit, and an agent that goes from one task to the next stays BUSY: no event says that it was IDLE in between. A request whose run
-- end_runs would leave alone claims nothing: its claim comes after the transaction that serves the call.
--
-- Returns for each other request a row of end_runs, and then one of claim_tasks. Their texts say what the arguments and settings are.
CREATE OR REPLACE FUNCTION end_runs_and_claim(
  p_ended_run_ids text[], p_calls jsonb,
  p_agent_ids text[], p_capacities int[], p_lease_ms int[], p_run_ids text[], p_resume boolean[], p_keys text[], p_fingerprints text[],
  p_narrowing jsonb[], p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
) RETURNS TABLE (request int, ended_task tasks, agent_id text, started_at timestamptz, reason text, claimed_task tasks, claimed_run task_runs)
LANGUAGE plpgsql
SET lock_timeout = '500ms'
SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_seqscan = off SET enable_memoize = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  ends run_end[]; served int[];
BEGIN
  ends := lock_run_ends(p_ended_run_ids, p_calls);
  IF cardinality(ends) = 0 THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT e.request, e.ended_task, e.agent_id, e.started_at, NULL, NULL::tasks, NULL::task_runs FROM write_run_ends(ends) e;

  -- Places in the arrays start at 1, requests at 0.
  served := ARRAY(SELECT e.place + 1 FROM unnest(ends) e);
  RETURN QUERY SELECT served[c.request] - 1, NULL::tasks, NULL, NULL::timestamptz, c.reason, c.claimed_task, c.claimed_run
  FROM claim_tasks(ARRAY(SELECT p_agent_ids[n] FROM unnest(served) n), ARRAY(SELECT p_capacities[n] FROM unnest(served) n),
    ARRAY(SELECT p_lease_ms[n] FROM unnest(served) n), ARRAY(SELECT p_run_ids[n] FROM unnest(served) n),
    ARRAY(SELECT p_resume[n] FROM unnest(served) n), ARRAY(SELECT p_keys[n] FROM unnest(served) n),
    ARRAY(SELECT p_fingerprints[n] FROM unnest(served) n), ARRAY(SELECT p_narrowing[n] FROM unnest(served) n),
    p_timeout_ms, p_default_gateway, p_gateways, ends) c;
END $$;
