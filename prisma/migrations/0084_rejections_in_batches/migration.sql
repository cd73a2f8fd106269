DROP FUNCTION submit_verdicts(p_ids text[], p_task_ids text[], p_numbers bigint[], p_rounds integer[], p_feedback text[], p_key_ids text[], p_reviewer_ids text[], p_need_claim boolean[], p_coordinators text[], p_keys text[], p_fingerprints text[], p_timeouts_ms bigint[]);
-- Judges the current rounds of several tasks in one round trip. It does what judgeRound does (src/services/reviews/submit-verdict.ts):
-- a test runs both on the same tasks and compares every row and every event. The trigger of tasks refuses a move that the transition
-- table does not have.
--
-- A call gets no answer, and changes nothing, if it needs further steps or has to be refused: the caller serves it by itself. That is
-- a task that is not in REVIEW or in another round; an approved task that others wait for, or that is part of a pipeline run; a rejected
-- task that fails with this rejection, or that is pinned to an agent that is silent; a reviewer that has worked on the task or, with the
-- key of an agent, has not claimed the round; a round that another reviewer holds, or that was sent to a gateway; and a row that
-- another transaction has locked.
-- Idempotency keys and lock_timeout are as in create_tasks.
CREATE OR REPLACE FUNCTION submit_verdicts(
  p_ids text[],
  -- The task, by id or by number.
  p_task_ids text[], p_numbers bigint[],
  -- The round that is judged; null for the current one.
  p_rounds int[],
  p_verdicts verdict[], p_feedback text[],
  -- The ids for the comments of rejections, and how many rejections a task may get.
  p_comment_ids text[], p_max_cycles int,
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
  approved text[] := '{}'; rejected text[] := '{}'; cycles int[] := '{}';
  reviews quality_reviews[]; closing text[] := '{}'; reviewers text[]; timeouts bigint[]; changes jsonb := '{}';
BEGIN
  FOR n IN 1 .. cardinality(p_ids) LOOP
    -- One look-up for each: with ANY, a plan that was made while the table had a few rows reads it whole.
    IF p_task_ids[n] IS NOT NULL THEN
      SELECT t.id, t.assignee_id, t.review_round, t.review_cycles, t.status_at, t.pinned, t.pipeline_run_id INTO judged FROM tasks t
      WHERE t.id = p_task_ids[n] AND t.status = 'REVIEW' FOR NO KEY UPDATE SKIP LOCKED;
    ELSE
      SELECT t.id, t.assignee_id, t.review_round, t.review_cycles, t.status_at, t.pinned, t.pipeline_run_id INTO judged FROM tasks t
      WHERE t.number = p_numbers[n] AND t.status = 'REVIEW' FOR NO KEY UPDATE SKIP LOCKED;
    END IF;
    CONTINUE WHEN judged.id IS NULL OR judged.id = ANY(task_ids) OR coalesce(p_rounds[n], judged.review_round) <> judged.review_round;
    IF p_verdicts[n] = 'REJECTED' THEN
      -- A pinned task that goes back to a silent agent has a further event.
      CONTINUE WHEN judged.review_cycles + 1 >= p_max_cycles OR judged.pinned AND NOT EXISTS (SELECT FROM agents a WHERE a.id = judged.assignee_id
        AND (a.delivery <> 'PULL' OR a.last_seen_at >= now() - p_timeouts_ms[n] * interval '1 millisecond'));
    ELSE
      CONTINUE WHEN judged.pipeline_run_id IS NOT NULL
        OR EXISTS (SELECT FROM task_dependencies d WHERE d.depends_on_id = judged.id AND d.settled_at IS NULL);
    END IF;

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
    cycles := cycles || judged.review_cycles + 1;
    IF p_verdicts[n] = 'REJECTED' THEN
      rejected := rejected || judged.id;
    ELSE
      approved := approved || judged.id;
    END IF;
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
      p_verdicts[u.place], p_feedback[u.place], false
    FROM unnest(places, task_ids, rounds, run_ids) AS u(place, task, round, run)
    RETURNING q AS row)
  SELECT array_agg(m.row ORDER BY array_position(p_ids, (m.row).id)) INTO reviews FROM made m;

  IF cardinality(approved) > 0 THEN
    RETURN QUERY WITH moved AS (
      UPDATE tasks t SET status = 'DONE', version = t.version + 1, updated_at = now(), status_at = now(), completed_at = now()
      WHERE t.id = ANY(approved) RETURNING t AS row)
    SELECT places[u.n], reviews[u.n], m.row, sinces[u.n] FROM moved m CROSS JOIN LATERAL (SELECT array_position(task_ids, (m.row).id) AS n) u;
  END IF;

  -- Two moves, as the transition table has them: REJECTED is a status that a task passes through.
  IF cardinality(rejected) > 0 THEN
    UPDATE tasks t SET status = 'REJECTED', review_cycles = t.review_cycles + 1, version = t.version + 1, updated_at = now(), status_at = now()
    WHERE t.id = ANY(rejected);
    RETURN QUERY WITH moved AS (
      UPDATE tasks t SET status = 'ASSIGNED', version = t.version + 1, updated_at = now(), status_at = now(),
        not_before = CASE WHEN greatest(t.starts_at, t.backoff_until) > now() THEN greatest(t.starts_at, t.backoff_until) END
      WHERE t.id = ANY(rejected) RETURNING t AS row)
    SELECT places[u.n], reviews[u.n], m.row, sinces[u.n] FROM moved m CROSS JOIN LATERAL (SELECT array_position(task_ids, (m.row).id) AS n) u;
    INSERT INTO comments (id, task_id, author_key_id, author_agent_id, body)
    SELECT p_comment_ids[u.place], u.task, CASE WHEN p_reviewer_ids[u.place] IS NULL THEN p_key_ids[u.place] END, p_reviewer_ids[u.place],
      'Rejected in review (' || u.cycles || ' of ' || p_max_cycles || '): ' || p_feedback[u.place]
    FROM unnest(places, task_ids, cycles) AS u(place, task, cycles) WHERE u.task = ANY(rejected);
  END IF;

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
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, review_id, comment_id, payload)
  SELECT e.type, CASE WHEN p_reviewer_ids[e.place] IS NULL THEN p_key_ids[e.place] END, p_reviewer_ids[e.place], e.task_id, e.agent_id, e.review_id,
    e.comment_id, e.payload
  FROM (
    SELECT u.place, v.step, v.type, u.task AS task_id, u.assignee AS agent_id, v.review_id, v.comment_id, v.payload
    FROM unnest(places, task_ids, assignees, rounds) AS u(place, task, assignee, round) CROSS JOIN LATERAL (VALUES
      (NULL::verdict, 1, 'review.submitted', p_ids[u.place], NULL, jsonb_build_object('round', u.round)),
      ('APPROVED', 2, 'task.approved', NULL, NULL, jsonb_build_object('from', 'REVIEW', 'to', 'DONE')),
      ('REJECTED', 2, 'task.rejected', NULL, NULL, jsonb_build_object('from', 'REVIEW', 'to', 'REJECTED', 'reason', p_feedback[u.place])),
      ('REJECTED', 3, 'task.comment_added', NULL, p_comment_ids[u.place], '{}'),
      ('REJECTED', 4, 'task.requeued', NULL, NULL, jsonb_build_object('from', 'REJECTED', 'to', 'ASSIGNED', 'reason', 'rejected in review'))
    ) AS v(verdict, step, type, review_id, comment_id, payload)
    WHERE v.verdict IS NULL OR v.verdict = p_verdicts[u.place]
    UNION ALL
    SELECT (SELECT min(n) FROM unnest(places) n WHERE p_reviewer_ids[n] = c.key), 5, 'agent.status_changed', NULL, c.key, NULL, NULL, c.value FROM jsonb_each(changes) c) e
  ORDER BY e.place, e.step;
END $$;
