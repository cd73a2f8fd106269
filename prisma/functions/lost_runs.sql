-- The runs and reviews that the agent lost in the last hour, the latest first, at most 100. By the instant of the end: a run
-- whose end was committed after a heartbeat, but began before it, is found by the next one. Reads task_runs_lost_by_agent and
-- review_runs_lost_by_agent.
CREATE OR REPLACE FUNCTION lost_runs(p_agent_id text)
RETURNS TABLE (id text, task_id text, outcome run_outcome, lost_reason text, round int) LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT l.id, l.task_id, l.outcome, l.lost_reason, l.round FROM (
    SELECT r.id, r.task_id, r.outcome, r.lost_reason, NULL::int AS round, r.finished_at FROM task_runs r
    WHERE r.agent_id = p_agent_id AND r.finished_at > now() - interval '1 hour' AND r.trigger = 'CLAIM' AND r.lost_reason IS NOT NULL
    UNION ALL
    SELECT r.id, r.task_id, r.outcome, r.lost_reason, r.round, r.finished_at FROM review_runs r
    WHERE r.agent_id = p_agent_id AND r.finished_at > now() - interval '1 hour' AND r.trigger = 'CLAIM' AND r.lost_reason IS NOT NULL) l
  ORDER BY l.finished_at DESC LIMIT 100;
END $$;
