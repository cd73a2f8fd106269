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
