-- The first half of end_runs: locks the runs that the calls end, with their tasks and agents, and decides what becomes of each. Left
-- out are the calls that are left alone.
--
-- One look-up by key for each row. With ANY, or in a join, a plan that was made while the table had a few rows reads a whole index, and
-- it is kept while the table grows: among a thousand runs that took half of the time of a batch. Sub-queries that lock rows stay as they
-- are written. For the same reason the open run is found by its end: by its outcome, the plan could read an index of all open runs.
-- A row that has changed since the statement began is read again when it is locked, so the decisions are about the locked rows.
CREATE OR REPLACE FUNCTION lock_run_ends(p_run_ids text[], p_calls jsonb) RETURNS run_end[] LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  ends run_end[]; has_keys boolean; has_final boolean;
BEGIN
  ends := ARRAY(SELECT ROW(c.place, r.id, r.task_id, r.agent_id, r.started_at, c.key_id, c.actor_key_id, c.actor_agent_id, c.verb, c.outcome,
      m.to_status, c.note, c.reason, d.attempts, d.failure_reason,
      CASE WHEN c.verb <> 'fail' THEN t.backoff_until WHEN m.to_status = 'INBOX' AND d.wait_ms > 0 THEN now() + d.wait_ms * interval '1 millisecond'
        WHEN m.to_status = 'FAILED' THEN t.backoff_until END,
      t.review_round + 1, c.input_tokens, c.output_tokens, c.cost_usd, c.model, c.comment_id, c.idempotency_key, c.fingerprint,
      r.row_place, t.row_place)::run_end
    FROM jsonb_to_recordset(p_calls) AS c(place int, key_id text, holder_id text, actor_key_id text, actor_agent_id text, verb text,
      outcome run_outcome, note text, reason text, decisions jsonb, passes boolean, input_tokens int, output_tokens int, cost_usd float8,
      model text, comment_id text, idempotency_key text, fingerprint text)
    CROSS JOIN LATERAL (SELECT id, task_id, agent_id, started_at, ctid AS row_place FROM task_runs
      WHERE id = p_run_ids[c.place + 1] AND finished_at IS NULL AND trigger = 'CLAIM' AND agent_id = coalesce(c.holder_id, agent_id)
      FOR NO KEY UPDATE SKIP LOCKED) r
    CROSS JOIN LATERAL (SELECT dispatch_attempts, review_policy, review_round, pinned, backoff_until, pipeline_run_id, assignee_id, ctid AS row_place
      FROM tasks WHERE id = r.task_id AND current_run_id = r.id FOR NO KEY UPDATE SKIP LOCKED) t
    CROSS JOIN LATERAL (SELECT FROM agents WHERE id = r.agent_id FOR NO KEY UPDATE SKIP LOCKED) a
    -- What a failed attempt decides, by the number of failed attempts before it; the last entry holds for all further ones.
    LEFT JOIN LATERAL jsonb_to_record(c.decisions -> least(t.dispatch_attempts, jsonb_array_length(c.decisions) - 1))
      AS d(is_final boolean, attempts int, failure_reason task_failure_reason, wait_ms int) ON true
    CROSS JOIN LATERAL (SELECT CASE
      WHEN c.verb = 'complete' THEN CASE t.review_policy WHEN 'SKIP' THEN 'DONE' ELSE 'REVIEW' END
      WHEN d.is_final THEN 'FAILED'
      WHEN t.pinned AND NOT c.passes THEN 'ASSIGNED'
      ELSE 'INBOX' END::task_status AS to_status) m
    WHERE t.assignee_id = r.agent_id AND (t.pipeline_run_id IS NULL OR m.to_status NOT IN ('DONE', 'FAILED')));

  SELECT bool_or(e.idempotency_key IS NOT NULL), bool_or(e.to_status IN ('DONE', 'FAILED')) INTO has_keys, has_final FROM unnest(ends) e;

  -- After the tasks were locked: a dependency that was added before is seen, and none is added now.
  IF has_final THEN
    ends := ARRAY(SELECT e FROM unnest(ends) e WHERE e.to_status NOT IN ('DONE', 'FAILED')
      OR (SELECT true FROM task_dependencies w WHERE w.depends_on_id = e.task_id AND w.settled_at IS NULL LIMIT 1) IS NULL);
  END IF;

  IF has_keys THEN
    WITH reserved AS (
      INSERT INTO idempotency_keys AS k (scope, operation, key, fingerprint, subject_id)
      SELECT e.key_id, 'completeTask', e.idempotency_key, e.fingerprint, e.run_id FROM unnest(ends) e WHERE e.idempotency_key IS NOT NULL
      ON CONFLICT (scope, operation, key) DO UPDATE SET fingerprint = excluded.fingerprint, subject_id = excluded.subject_id, created_at = now()
        WHERE k.created_at <= now() - interval '24 hours'
      RETURNING subject_id)
    SELECT ARRAY(SELECT e FROM unnest(ends) e WHERE e.idempotency_key IS NULL OR e.run_id IN (SELECT subject_id FROM reserved)) INTO ends;
  END IF;
  RETURN ends;
END $$;
