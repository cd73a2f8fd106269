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
  -- A list of objects, one for each call, with the fields below.
  p_calls jsonb,
  -- Of end_runs_and_claim: returns the events, in a row without a request, and leaves them and the status of the agents to claim_tasks.
  p_keeps_events boolean DEFAULT false
) RETURNS TABLE (request int, ended_task tasks, agent_id text, started_at timestamptz, events event_outbox[]) LANGUAGE plpgsql
SET lock_timeout = '500ms'
-- As in claim_tasks: the plans must not depend on the age of the statistics.
SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  held text[]; ends run_end[]; task_ids text[]; has_keys boolean; has_completed boolean; has_others boolean; agents_changed text[]; statuses_before text[]; statuses text[]; written event_outbox[];
BEGIN
  -- Locked first: every statement below then sees what was committed before, and what it sees stays so.
  held := ARRAY(SELECT r.id FROM task_runs r JOIN tasks t ON t.id = r.task_id AND t.current_run_id = r.id JOIN agents a ON a.id = r.agent_id
    WHERE r.id = ANY(p_run_ids) FOR NO KEY UPDATE SKIP LOCKED);

  ends := ARRAY(SELECT ROW(c.place, r.id, r.task_id, r.agent_id, r.started_at, c.key_id, c.actor_key_id, c.actor_agent_id, c.verb, c.outcome,
      m.to_status, c.note, c.reason, d.attempts, d.failure_reason,
      CASE WHEN c.verb <> 'fail' THEN t.backoff_until WHEN m.to_status = 'INBOX' AND d.wait_ms > 0 THEN now() + d.wait_ms * interval '1 millisecond'
        WHEN m.to_status = 'FAILED' THEN t.backoff_until END,
      t.review_round + 1, c.input_tokens, c.output_tokens, c.cost_usd, c.model, c.comment_id, c.idempotency_key, c.fingerprint)::run_end
    FROM jsonb_to_recordset(p_calls) AS c(place int, run_id text, key_id text, holder_id text, actor_key_id text, actor_agent_id text, verb text,
      outcome run_outcome, note text, reason text, decisions jsonb, passes boolean, input_tokens int, output_tokens int, cost_usd float8,
      model text, comment_id text, idempotency_key text, fingerprint text)
    JOIN task_runs r ON r.id = c.run_id AND r.outcome = 'RUNNING' AND r.trigger = 'CLAIM' AND r.agent_id = coalesce(c.holder_id, r.agent_id)
    JOIN tasks t ON t.id = r.task_id AND t.current_run_id = r.id AND t.assignee_id = r.agent_id
    -- What a failed attempt decides, by the number of failed attempts before it; the last entry holds for all further ones.
    LEFT JOIN LATERAL jsonb_to_record(c.decisions -> least(t.dispatch_attempts, jsonb_array_length(c.decisions) - 1))
      AS d(is_final boolean, attempts int, failure_reason task_failure_reason, wait_ms int) ON true
    CROSS JOIN LATERAL (SELECT CASE
      WHEN c.verb = 'complete' THEN CASE t.review_policy WHEN 'SKIP' THEN 'DONE' ELSE 'REVIEW' END
      WHEN d.is_final THEN 'FAILED'
      WHEN t.pinned AND NOT c.passes THEN 'ASSIGNED'
      ELSE 'INBOX' END::task_status AS to_status) m
    WHERE r.id = ANY(held) AND (m.to_status NOT IN ('DONE', 'FAILED') OR (t.pipeline_run_id IS NULL
      AND NOT EXISTS (SELECT FROM task_dependencies w WHERE w.depends_on_id = t.id AND w.settled_at IS NULL))));

  SELECT bool_or(e.idempotency_key IS NOT NULL), bool_or(e.verb = 'complete'), bool_or(e.verb <> 'complete'), array_agg(e.task_id)
  INTO has_keys, has_completed, has_others, task_ids FROM unnest(ends) e;

  IF has_keys THEN
    WITH reserved AS (
      INSERT INTO idempotency_keys AS k (scope, operation, key, fingerprint, subject_id)
      SELECT e.key_id, 'completeTask', e.idempotency_key, e.fingerprint, e.run_id FROM unnest(ends) e WHERE e.idempotency_key IS NOT NULL
      ON CONFLICT (scope, operation, key) DO UPDATE SET fingerprint = excluded.fingerprint, subject_id = excluded.subject_id, created_at = now()
        WHERE k.created_at <= now() - interval '24 hours'
      RETURNING subject_id)
    SELECT ARRAY(SELECT e FROM unnest(ends) e WHERE e.idempotency_key IS NULL OR e.run_id IN (SELECT subject_id FROM reserved)) INTO ends;
  END IF;

  IF cardinality(ends) = 0 THEN
    RETURN;
  END IF;

  -- The rows are named by their ids a second time, because a plan that was made while a table had a few rows would read it whole
  -- for the join. The instant of the end and not of the transaction, as closeRun explains.
  UPDATE task_runs r SET outcome = e.outcome, finished_at = clock_timestamp(), lease_expires_at = NULL,
    output = CASE e.verb WHEN 'complete' THEN e.note ELSE r.output END, error = CASE e.verb WHEN 'complete' THEN r.error ELSE e.note END,
    input_tokens = coalesce(e.input_tokens, r.input_tokens), output_tokens = coalesce(e.output_tokens, r.output_tokens),
    cost_usd = coalesce(e.cost_usd, r.cost_usd), model = coalesce(e.model, r.model)
  FROM unnest(ends) e WHERE r.id = e.run_id AND r.id = ANY(held);

  -- Two statements, because each compiles its expressions again, and most batches need only the first.
  IF has_completed THEN
    RETURN QUERY UPDATE tasks t SET status = e.to_status, current_run_id = NULL, version = t.version + 1, updated_at = now(), status_at = now(),
      completed_at = CASE e.to_status WHEN 'DONE' THEN now() END, resolution = e.note, unreviewed = e.to_status = 'DONE',
      review_round = CASE e.to_status WHEN 'REVIEW' THEN e.review_round ELSE t.review_round END, dispatch_attempts = 0, released_by = '{}'
    FROM unnest(ends) e WHERE t.id = e.task_id AND t.id = ANY(task_ids) AND e.verb = 'complete'
    RETURNING e.place, t, e.agent_id, e.started_at, NULL::event_outbox[];
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
    FROM unnest(ends) e WHERE t.id = e.task_id AND t.id = ANY(task_ids) AND e.verb <> 'complete'
    RETURNING e.place, t, e.agent_id, e.started_at, NULL::event_outbox[];

    INSERT INTO comments (id, task_id, author_key_id, author_agent_id, body)
    SELECT e.comment_id, e.task_id, e.actor_key_id, e.actor_agent_id, 'Attempt ' || e.attempts || ' failed: ' || e.note
    FROM unnest(ends) e WHERE e.verb = 'fail';
  END IF;

  written := ARRAY(SELECT ROW(NULL, v.type, NULL, e.actor_key_id, e.actor_agent_id, e.task_id, v.agent_id, v.run_id, NULL, v.comment_id, NULL, NULL, NULL,
    v.payload)::event_outbox
  FROM unnest(ends) e CROSS JOIN LATERAL (VALUES
    (1, 'run.' || lower(e.outcome::text), e.agent_id, e.run_id, NULL, '{}'::jsonb),
    (2, CASE WHEN e.verb = 'complete' THEN 'task.completed' WHEN e.to_status = 'FAILED' THEN 'task.failed' ELSE 'task.requeued' END, e.agent_id, e.run_id,
      NULL, jsonb_strip_nulls(jsonb_build_object('from', 'IN_PROGRESS', 'to', e.to_status, 'reason', e.reason))),
    (3, CASE e.to_status WHEN 'REVIEW' THEN 'review.requested' END, e.agent_id, NULL, NULL, jsonb_build_object('round', e.review_round)),
    (4, CASE e.to_status WHEN 'INBOX' THEN 'task.assigned' END, NULL, NULL, NULL,
      jsonb_build_object('assigneeId', NULL, 'previousAssigneeId', e.agent_id)),
    (5, CASE e.verb WHEN 'fail' THEN 'task.comment_added' END, CASE e.to_status WHEN 'INBOX' THEN NULL ELSE e.agent_id END, NULL, e.comment_id, '{}'::jsonb)
  ) AS v(step, type, agent_id, run_id, comment_id, payload)
  WHERE v.type IS NOT NULL ORDER BY e.place, v.step);

  IF p_keeps_events THEN
    request := NULL; ended_task := NULL; agent_id := NULL; started_at := NULL; events := written; RETURN NEXT; RETURN;
  END IF;

  -- The agents have just made a call, so none of them is silent.
  SELECT array_agg((s.agent).id), array_agg(s.was::text), array_agg((s.agent).announced_status::text) INTO agents_changed, statuses_before, statuses
  FROM see_agents(ARRAY(SELECT DISTINCT e.agent_id FROM unnest(ends) e), false, array_fill(86400000::bigint, ARRAY[cardinality(ends)])) s
  WHERE s.was <> (s.agent).announced_status;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, comment_id, payload)
  SELECT w.type, w.actor_key_id, w.actor_agent_id, w.task_id, w.agent_id, w.run_id, w.comment_id, w.payload FROM unnest(written) w;

  IF agents_changed IS NOT NULL THEN
    INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, agent_id, payload)
    SELECT 'agent.status_changed', e.actor_key_id, e.actor_agent_id, u.id, jsonb_build_object('from', u.was, 'to', u.status)
    FROM unnest(agents_changed, statuses_before, statuses) AS u(id, was, status),
      LATERAL (SELECT c.actor_key_id, c.actor_agent_id FROM unnest(ends) c WHERE c.agent_id = u.id LIMIT 1) e;
  END IF;
END $$;
