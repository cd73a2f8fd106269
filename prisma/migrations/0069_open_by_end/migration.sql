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

-- Approves the current rounds of several tasks in one round trip. It does what judgeRound does for an approval
-- (src/services/reviews/submit-verdict.ts): a test runs both on the same tasks and compares every row and every event. The trigger
-- of tasks refuses a move that the transition table does not have.
--
-- A call gets no answer, and changes nothing, if it needs further steps or has to be refused: the caller serves it by itself. That is
-- a task that is not in REVIEW or in another round, one that others wait for, or that is part of a pipeline run; a reviewer that
-- has worked on the task or, with the key of an agent, has not claimed the round; a round that another reviewer holds, or that was
-- sent to a gateway; and a row that another transaction has locked.
-- Idempotency keys and lock_timeout are as in create_tasks.
CREATE OR REPLACE FUNCTION submit_verdicts(
  p_ids text[],
  -- The task, by id or by number.
  p_task_ids text[], p_numbers bigint[],
  -- The round that is judged; null for the current one.
  p_rounds int[],
  p_feedback text[],
  -- The key of the caller; the agent that reviews, if it is not the key; and whether that needs a claim of the round.
  p_key_ids text[], p_reviewer_ids text[], p_need_claim boolean[],
  p_coordinators text[],
  p_keys text[], p_fingerprints text[],
  p_timeouts_ms bigint[]
) RETURNS TABLE (place int, review quality_reviews, task tasks, since timestamptz) LANGUAGE plpgsql
-- As in claim_tasks.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET lock_timeout = '200ms' AS $$
#variable_conflict use_column
DECLARE
  n int; judged record; run_id text; held record; earlier idempotency_keys;
  -- The calls that are served: their places, and what was read for each.
  places int[] := '{}'; task_ids text[] := '{}'; assignees text[] := '{}'; rounds int[] := '{}'; run_ids text[] := '{}'; sinces timestamptz[] := '{}';
  reviews quality_reviews[]; closing text[] := '{}'; reviewers text[]; timeouts bigint[]; changes jsonb := '{}';
BEGIN
  FOR n IN 1 .. cardinality(p_ids) LOOP
    -- One look-up for each: with ANY, a plan that was made while the table had a few rows reads it whole.
    IF p_task_ids[n] IS NOT NULL THEN
      SELECT t.id, t.assignee_id, t.review_round, t.status_at, t.pipeline_run_id INTO judged FROM tasks t
      WHERE t.id = p_task_ids[n] AND t.status = 'REVIEW' FOR NO KEY UPDATE SKIP LOCKED;
    ELSE
      SELECT t.id, t.assignee_id, t.review_round, t.status_at, t.pipeline_run_id INTO judged FROM tasks t
      WHERE t.number = p_numbers[n] AND t.status = 'REVIEW' FOR NO KEY UPDATE SKIP LOCKED;
    END IF;
    CONTINUE WHEN judged.id IS NULL OR judged.id = ANY(task_ids) OR judged.pipeline_run_id IS NOT NULL
      OR coalesce(p_rounds[n], judged.review_round) <> judged.review_round
      OR EXISTS (SELECT FROM task_dependencies d WHERE d.depends_on_id = judged.id AND d.settled_at IS NULL);

    -- By the end and not by the outcome: a plan that was made while the table had a few rows reads a whole index of open runs.
    SELECT r.id, r.agent_id, r.trigger INTO held FROM review_runs r WHERE r.task_id = judged.id AND r.round = judged.review_round AND r.finished_at IS NULL
    FOR NO KEY UPDATE SKIP LOCKED;
    IF held.id IS NULL THEN
      CONTINUE WHEN EXISTS (SELECT FROM review_runs r WHERE r.task_id = judged.id AND r.finished_at IS NULL);
    ELSE
      CONTINUE WHEN held.trigger <> 'CLAIM' OR held.agent_id IS DISTINCT FROM p_reviewer_ids[n];
    END IF;

    IF p_reviewer_ids[n] IS NOT NULL THEN
      PERFORM FROM agents a WHERE a.id = p_reviewer_ids[n] FOR NO KEY UPDATE SKIP LOCKED;
      -- IS NOT DISTINCT FROM uses no index: by the agent, the plan could read all runs of the reviewer.
      CONTINUE WHEN NOT FOUND OR EXISTS (SELECT FROM task_runs r WHERE r.task_id = judged.id AND r.agent_id IS NOT DISTINCT FROM p_reviewer_ids[n])
        OR p_need_claim[n] AND held.id IS NULL
          AND NOT EXISTS (SELECT FROM review_runs r WHERE r.task_id = judged.id AND r.round = judged.review_round AND r.agent_id = p_reviewer_ids[n])
          AND NOT EXISTS (SELECT FROM agents a WHERE a.id = p_reviewer_ids[n] AND a.name = p_coordinators[n]);
    END IF;

    IF p_keys[n] IS NOT NULL THEN
      INSERT INTO idempotency_keys AS k (scope, operation, key, fingerprint, subject_id)
      VALUES (p_key_ids[n], 'submitVerdict', p_keys[n], p_fingerprints[n], p_ids[n])
      ON CONFLICT (scope, operation, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, subject_id = excluded.subject_id, created_at = now()
        WHERE k.created_at <= now() - interval '24 hours';
      SELECT * INTO earlier FROM idempotency_keys WHERE scope = p_key_ids[n] AND operation = 'submitVerdict' AND key = p_keys[n];
      CONTINUE WHEN earlier.subject_id <> p_ids[n];
    END IF;

    -- Each successful run starts one round.
    run_id := (SELECT r.id FROM task_runs r WHERE r.task_id = judged.id AND r.outcome = 'SUCCEEDED' ORDER BY r.number LIMIT 1 OFFSET judged.review_round - 1);
    places := places || n; task_ids := task_ids || judged.id; assignees := array_append(assignees, judged.assignee_id); rounds := rounds || judged.review_round;
    run_ids := array_append(run_ids, run_id); sinces := sinces || judged.status_at;
    IF held.id IS NOT NULL THEN
      closing := closing || held.id;
    END IF;
  END LOOP;

  IF cardinality(places) = 0 THEN
    RETURN;
  END IF;

  WITH made AS (
    INSERT INTO quality_reviews AS q (id, task_id, round, run_id, reviewer_key_id, reviewer_agent_id, verdict, feedback, superseded)
    SELECT p_ids[u.place], u.task, u.round, u.run, CASE WHEN p_reviewer_ids[u.place] IS NULL THEN p_key_ids[u.place] END, p_reviewer_ids[u.place],
      'APPROVED', p_feedback[u.place], false
    FROM unnest(places, task_ids, rounds, run_ids) AS u(place, task, round, run)
    RETURNING q AS row)
  SELECT array_agg(m.row ORDER BY array_position(p_ids, (m.row).id)) INTO reviews FROM made m;

  RETURN QUERY WITH moved AS (
    UPDATE tasks t SET status = 'DONE', version = t.version + 1, updated_at = now(), status_at = now(), completed_at = now()
    WHERE t.id = ANY(task_ids) RETURNING t AS row)
  SELECT places[u.n], reviews[u.n], m.row, sinces[u.n] FROM moved m CROSS JOIN LATERAL (SELECT array_position(task_ids, (m.row).id) AS n) u;

  IF cardinality(closing) > 0 THEN
    UPDATE review_runs r SET outcome = 'SUCCEEDED', finished_at = now(), lease_expires_at = NULL WHERE r.id = ANY(closing);
  END IF;

  SELECT array_agg(u.id), array_agg(u.timeout_ms) INTO reviewers, timeouts
  FROM (SELECT DISTINCT ON (1) p_reviewer_ids[n] AS id, p_timeouts_ms[n] AS timeout_ms FROM unnest(places) n WHERE p_reviewer_ids[n] IS NOT NULL) u;
  IF reviewers IS NOT NULL THEN
    changes := (SELECT jsonb_object_agg((s.agent).id, jsonb_build_object('from', s.was, 'to', (s.agent).announced_status))
      FILTER (WHERE s.was <> (s.agent).announced_status) FROM see_agents(reviewers, false, timeouts) s);
  END IF;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, review_id, payload)
  SELECT e.type, CASE WHEN p_reviewer_ids[e.place] IS NULL THEN p_key_ids[e.place] END, p_reviewer_ids[e.place], e.task_id, e.agent_id, e.review_id, e.payload
  FROM (
    SELECT u.place, v.step, v.type, u.task AS task_id, u.assignee AS agent_id, v.review_id, v.payload
    FROM unnest(places, task_ids, assignees, rounds) AS u(place, task, assignee, round) CROSS JOIN LATERAL (VALUES
      (1, 'review.submitted', p_ids[u.place], jsonb_build_object('round', u.round)),
      (2, 'task.approved', NULL, jsonb_build_object('from', 'REVIEW', 'to', 'DONE'))) AS v(step, type, review_id, payload)
    UNION ALL
    SELECT (SELECT min(n) FROM unnest(places) n WHERE p_reviewer_ids[n] = c.key), 3, 'agent.status_changed', NULL, c.key, NULL, c.value FROM jsonb_each(changes) c) e
  ORDER BY e.place, e.step;
END $$;

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
