-- Notes that these agents have called, and updates the status that is announced for them. The caller has locked their rows, so
-- the snapshot of this statement has every run that another transaction has begun or ended for them. It returns the new row of
-- each agent with the status before, and the caller appends agent.status_changed where they differ.
--
-- No table is joined with the arguments, here and in the functions that call this one: a plan that was made while the table had a
-- few rows would read it whole for the join, and it is kept while the table grows. A comparison with ANY uses the index always.
CREATE OR REPLACE FUNCTION see_agents(p_agent_ids text[], p_is_heartbeat boolean, p_timeouts_ms bigint[])
RETURNS TABLE (agent agents, was agent_status) LANGUAGE plpgsql
-- As in claim_tasks.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  ids text[]; statuses agent_status[];
BEGIN
  SELECT array_agg(a.id), array_agg(a.announced_status) INTO ids, statuses FROM agents a WHERE a.id = ANY(p_agent_ids);
  RETURN QUERY UPDATE agents a SET last_seen_at = now(),
    last_heartbeat_at = CASE WHEN p_is_heartbeat THEN now() ELSE a.last_heartbeat_at END,
    -- A sub-query with LIMIT reads one entry of task_runs_open_by_agent for each agent. EXISTS can make a hash table of all.
    announced_status = derive_agent_status(a.paused_at, a.error_at, now(),
      coalesce((SELECT true FROM task_runs r WHERE r.agent_id = a.id AND r.outcome = 'RUNNING' AND r.lease_expires_at > clock_timestamp() LIMIT 1),
        (SELECT true FROM review_runs r WHERE r.agent_id = a.id AND r.outcome = 'RUNNING' AND r.lease_expires_at > clock_timestamp() LIMIT 1), false),
      clock_timestamp(), p_timeouts_ms[array_position(p_agent_ids, a.id)])
  WHERE a.id = ANY(p_agent_ids)
  RETURNING a, statuses[array_position(ids, a.id)];
END $$;
