-- The second half of end_runs: writes what lock_run_ends has decided, and returns the tasks. The rows are found by their places
-- (ctid), which don't change while they are locked: no index is read, and no plan can read a table whole for the join.
CREATE OR REPLACE FUNCTION write_run_ends(p_ends run_end[])
RETURNS TABLE (request int, ended_task tasks, agent_id text, started_at timestamptz) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  has_completed boolean; has_others boolean;
BEGIN
  SELECT bool_or(e.verb = 'complete'), bool_or(e.verb <> 'complete') INTO has_completed, has_others FROM unnest(p_ends) e;

  -- The instant of the end and not of the transaction, as closeRun explains.
  UPDATE task_runs r SET outcome = e.outcome, finished_at = clock_timestamp(), lease_expires_at = NULL,
    output = CASE e.verb WHEN 'complete' THEN e.note ELSE r.output END, error = CASE e.verb WHEN 'complete' THEN r.error ELSE e.note END,
    input_tokens = coalesce(e.input_tokens, r.input_tokens), output_tokens = coalesce(e.output_tokens, r.output_tokens),
    cost_usd = coalesce(e.cost_usd, r.cost_usd), model = coalesce(e.model, r.model)
  FROM unnest(p_ends) e WHERE r.ctid = e.run_place;

  -- Two statements, because each compiles its expressions again, and most batches need only the first.
  IF has_completed THEN
    RETURN QUERY UPDATE tasks t SET status = e.to_status, current_run_id = NULL, version = t.version + 1, updated_at = now(), status_at = now(),
      completed_at = CASE e.to_status WHEN 'DONE' THEN now() END, resolution = e.note, unreviewed = e.to_status = 'DONE',
      review_round = CASE e.to_status WHEN 'REVIEW' THEN e.review_round ELSE t.review_round END, dispatch_attempts = 0, released_by = '{}'
    FROM unnest(p_ends) e WHERE t.ctid = e.task_place AND e.verb = 'complete'
    RETURNING e.place, t, e.agent_id, e.started_at;
  END IF;

  IF has_others THEN
    RETURN QUERY UPDATE tasks t SET status = e.to_status, current_run_id = NULL, version = t.version + 1, updated_at = now(), status_at = now(),
      completed_at = CASE e.to_status WHEN 'FAILED' THEN now() END,
      assignee_id = CASE e.to_status WHEN 'INBOX' THEN NULL ELSE t.assignee_id END, pinned = t.pinned AND e.to_status <> 'INBOX',
      dispatch_attempts = coalesce(e.attempts, t.dispatch_attempts), failure_reason = e.failure_reason,
      failure_detail = CASE e.to_status WHEN 'FAILED' THEN e.note ELSE t.failure_detail END,
      released_by = CASE WHEN e.verb = 'release' AND e.to_status = 'INBOX'
        THEN ARRAY(SELECT DISTINCT u.id COLLATE "C" FROM unnest(t.released_by || e.agent_id) u(id) ORDER BY u.id COLLATE "C") ELSE t.released_by END,
      backoff_until = e.backoff_until,
      not_before = CASE WHEN e.to_status = 'FAILED' THEN t.not_before
        WHEN greatest(t.starts_at, e.backoff_until) > now() THEN greatest(t.starts_at, e.backoff_until) END
    FROM unnest(p_ends) e WHERE t.ctid = e.task_place AND e.verb <> 'complete'
    RETURNING e.place, t, e.agent_id, e.started_at;

    INSERT INTO comments (id, task_id, author_key_id, author_agent_id, body)
    SELECT e.comment_id, e.task_id, e.actor_key_id, e.actor_agent_id, 'Attempt ' || e.attempts || ' failed: ' || e.note
    FROM unnest(p_ends) e WHERE e.verb = 'fail';
  END IF;
END $$;
