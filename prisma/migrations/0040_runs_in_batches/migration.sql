-- Heartbeats read the runs that an agent lost in the last hour. Few runs are lost, so the index is small.
CREATE INDEX "task_runs_lost_by_agent" ON "task_runs" ("agent_id", "finished_at") WHERE "lost_reason" IS NOT NULL;

-- The status of an agent, as src/domain/agents/status.ts derives it. A test holds the two against each other.
CREATE OR REPLACE FUNCTION derive_agent_status(
  p_paused_at timestamptz, p_error_at timestamptz, p_last_seen_at timestamptz, p_has_live_lease boolean, p_now timestamptz, p_timeout_ms bigint
) RETURNS agent_status LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_paused_at IS NOT NULL THEN 'PAUSED' WHEN p_error_at IS NOT NULL THEN 'ERROR'
    WHEN p_last_seen_at IS NULL OR p_now - p_last_seen_at > p_timeout_ms * interval '1 millisecond' THEN 'OFFLINE'
    WHEN p_has_live_lease THEN 'BUSY' ELSE 'IDLE' END::agent_status
$$;

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
    held := ARRAY(SELECT id FROM task_runs WHERE id = ANY(open_runs) AND outcome = 'RUNNING' FOR NO KEY UPDATE SKIP LOCKED);
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
    held := ARRAY(SELECT id FROM review_runs WHERE id = ANY(open_reviews) AND outcome = 'RUNNING' FOR NO KEY UPDATE SKIP LOCKED);
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
  SELECT array_agg(l.place), array_agg(l.task_id), array_agg(l.agent_id) INTO places, task_ids, agent_ids FROM (
    SELECT array_position(p_run_ids, r.id) AS place, r.task_id, r.agent_id FROM task_runs r
    WHERE r.id = ANY(p_run_ids) AND r.outcome = 'RUNNING' AND r.agent_id = coalesce(p_agent_ids[array_position(p_run_ids, r.id)], r.agent_id)
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

-- Creates the tasks of several calls in one round trip, each call all or none. A call whose task can't be created is refused
-- with the reason of that task, and the other calls are not affected. Tasks with dependencies are created by single statements.
--
-- Every array has one entry for each task, in the order of the calls. p_rows are their columns as objects of JSON, by the names
-- of the columns: one text costs less to write and to read than an array for each column.
-- A call with the idempotency key of a call of the last 24 hours gets the task of that time: REPEATED. A key that a transaction
-- under way has reserved is waited for. The keys are reserved in their order, so two batches can't deadlock, and lock_timeout
-- ends the wait: then the batch fails as a whole and the caller serves each call by itself.
-- LOCKED: another transaction counts the open tasks of the agent. The caller serves the call by itself, and waits there.
CREATE OR REPLACE FUNCTION create_tasks(
  -- The number of its call, which is the same for all tasks of one call.
  p_calls int[],
  p_ids text[], p_key_ids text[], p_agent_ids text[],
  -- The agent to assign it to, by id or by name. Both are null for the inbox.
  p_assignee_ids text[], p_assignee_names text[],
  p_keys text[], p_fingerprints text[],
  -- How many open tasks the creator may have, if it is an agent.
  p_most int[],
  p_rows jsonb
) RETURNS TABLE (place int, reason text, task tasks) LANGUAGE plpgsql
-- As in claim_tasks.
SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET lock_timeout = '200ms' AS $$
#variable_conflict use_column
DECLARE
  reasons text[] := array_fill(NULL::text, ARRAY[cardinality(p_ids)]);
  earlier text[] := array_fill(NULL::text, ARRAY[cardinality(p_ids)]);
  assignees text[] := p_assignee_ids;
  refused int[] := '{}';
  has_keys boolean := array_remove(p_keys, NULL) <> '{}';
  creator text; call record; open int; n int; earlier_key idempotency_keys;
BEGIN
  IF has_keys THEN
    INSERT INTO idempotency_keys AS k (scope, operation, key, fingerprint, subject_id)
    SELECT u.scope, 'createTask', u.key, u.fingerprint, u.id
    FROM unnest(p_key_ids, p_keys, p_fingerprints, p_ids) AS u(scope, key, fingerprint, id)
    WHERE u.key IS NOT NULL ORDER BY u.scope, u.key
    ON CONFLICT (scope, operation, key) DO UPDATE
      SET fingerprint = excluded.fingerprint, subject_id = excluded.subject_id, created_at = now()
      WHERE k.created_at <= now() - interval '24 hours';

    -- By single look-ups: a join would read the whole table with a plan that was made while it had a few rows.
    FOR n IN SELECT u.place FROM unnest(p_keys) WITH ORDINALITY AS u(key, place) WHERE u.key IS NOT NULL LOOP
      SELECT * INTO earlier_key FROM idempotency_keys WHERE scope = p_key_ids[n] AND operation = 'createTask' AND key = p_keys[n];
      IF earlier_key.subject_id <> p_ids[n] THEN
        earlier[n] := earlier_key.subject_id;
        reasons[n] := CASE WHEN earlier_key.fingerprint = p_fingerprints[n] THEN 'REPEATED' ELSE 'IDEMPOTENCY_KEY_REUSED' END;
      END IF;
    END LOOP;
  END IF;

  IF array_remove(p_assignee_ids, NULL) <> '{}' OR array_remove(p_assignee_names, NULL) <> '{}' THEN
    SELECT array_agg(a.id ORDER BY u.place),
      array_agg(coalesce(u.reason, CASE WHEN a.id IS NULL AND coalesce(u.id, u.name) IS NOT NULL THEN 'UNKNOWN_AGENT' END) ORDER BY u.place)
    INTO assignees, reasons
    FROM unnest(p_assignee_ids, p_assignee_names, reasons) WITH ORDINALITY AS u(id, name, reason, place)
    LEFT JOIN LATERAL (SELECT id FROM agents WHERE id = u.id UNION ALL SELECT id FROM agents WHERE name = u.name) a ON true;
  END IF;

  refused := ARRAY(SELECT DISTINCT u.call FROM unnest(p_calls, reasons) AS u(call, reason) WHERE u.reason <> 'REPEATED');

  -- As count_open_tasks, but it does not wait for the lock, because that would delay the other calls.
  FOR creator IN SELECT DISTINCT u.agent FROM unnest(p_agent_ids) AS u(agent) WHERE u.agent IS NOT NULL ORDER BY 1 LOOP
    open := NULL;
    FOR call IN SELECT u.call AS number, min(u.most) AS most, count(*) AS added
      FROM unnest(p_calls, p_agent_ids, p_most, reasons) AS u(call, agent, most, reason)
      WHERE u.agent = creator AND u.call <> ALL(refused) AND u.reason IS NULL GROUP BY u.call ORDER BY u.call
    LOOP
      IF open IS NULL AND pg_try_advisory_xact_lock(hashtextextended('mission_control.open_tasks.' || creator, 0)) THEN
        open := count_open_tasks(creator, call.most);
      END IF;
      IF open + call.added <= call.most THEN
        open := open + call.added;
      ELSE
        refused := refused || call.number;
        reasons := ARRAY(SELECT CASE WHEN u.call = call.number AND u.reason IS NULL
            THEN CASE WHEN open IS NULL THEN 'LOCKED' ELSE 'TOO_MANY_OPEN' END ELSE u.reason END
          FROM unnest(p_calls, reasons) WITH ORDINALITY AS u(call, reason, place) ORDER BY u.place);
      END IF;
    END LOOP;
  END LOOP;

  IF cardinality(refused) > 0 THEN
    IF has_keys THEN
      FOR n IN SELECT u.place FROM unnest(p_calls, p_keys) WITH ORDINALITY AS u(call, key, place) WHERE u.key IS NOT NULL AND u.call = ANY(refused) LOOP
        DELETE FROM idempotency_keys WHERE scope = p_key_ids[n] AND operation = 'createTask' AND key = p_keys[n] AND subject_id = p_ids[n];
      END LOOP;
    END IF;
    RETURN QUERY SELECT u.place::int, coalesce(u.reason, 'NOT_CREATED'), NULL::tasks
    FROM unnest(p_calls, reasons) WITH ORDINALITY AS u(call, reason, place) WHERE u.call = ANY(refused);
  END IF;

  IF has_keys THEN
    FOR n IN SELECT u.place FROM unnest(p_calls, reasons) WITH ORDINALITY AS u(call, reason, place) WHERE u.reason = 'REPEATED' AND u.call <> ALL(refused) LOOP
      RETURN QUERY SELECT n, 'REPEATED', t FROM tasks t WHERE t.id = earlier[n];
    END LOOP;
  END IF;

  RETURN QUERY WITH made AS (
    INSERT INTO tasks AS t (id, title, description, status, priority, tags, requires, metadata, assignee_id, pinned,
      created_by_key_id, created_by_agent_id, due_at, starts_at, not_before, on_dependency_failure, review_policy)
    SELECT n.id, n.title, n.description, CASE WHEN n.assignee IS NULL THEN 'INBOX' ELSE 'ASSIGNED' END::task_status, n.priority, n.tags,
      n.requires, n.metadata, n.assignee, n.assignee IS NOT NULL, CASE WHEN n.agent IS NULL THEN n.key END, n.agent, n.due_at, n.starts_at,
      CASE WHEN n.starts_at > now() THEN n.starts_at END, n.on_dependency_failure, n.review_policy
    FROM ROWS FROM (unnest(p_calls), unnest(p_ids), unnest(p_key_ids), unnest(p_agent_ids), unnest(assignees), unnest(reasons),
      jsonb_to_recordset(p_rows) AS (title text, description text, priority task_priority, due_at timestamptz, starts_at timestamptz,
        tags text[], requires text[], metadata jsonb, review_policy review_policy, on_dependency_failure dependency_failure_policy))
      WITH ORDINALITY AS n(call, id, key, agent, assignee, reason, title, description, priority, due_at, starts_at, tags, requires, metadata,
        review_policy, on_dependency_failure, place)
    WHERE n.reason IS NULL AND n.call <> ALL(refused)
    -- Their numbers are drawn in this order.
    ORDER BY n.place
    RETURNING t AS row)
  SELECT array_position(p_ids, (m.row).id), 'CREATED', m.row FROM made m;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, payload)
  SELECT e.type, CASE WHEN n.agent IS NULL THEN n.key END, n.agent, n.id, n.assignee, CASE e.type
    WHEN 'task.created' THEN jsonb_build_object('to', CASE WHEN n.assignee IS NULL THEN 'INBOX' ELSE 'ASSIGNED' END)
    ELSE jsonb_build_object('assigneeId', n.assignee, 'previousAssigneeId', NULL) END
  FROM unnest(p_calls, p_ids, p_key_ids, p_agent_ids, assignees, reasons) WITH ORDINALITY AS n(call, id, key, agent, assignee, reason, place)
  CROSS JOIN (VALUES (1, 'task.created'), (2, 'task.assigned')) AS e(step, type)
  WHERE n.reason IS NULL AND n.call <> ALL(refused) AND (e.step = 1 OR n.assignee IS NOT NULL)
  ORDER BY n.place, e.step;
END $$;
