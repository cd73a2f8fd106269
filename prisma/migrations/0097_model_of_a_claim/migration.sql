-- The claim: the requests of several agents in one round trip, in the order given, at most one for each agent. It returns
-- the rows of what it hands out: a second statement that reads them could fail after the claim has been committed.
--
-- The agents' rows are locked first. That serialises the claims of one agent over all processes and makes the capacity
-- check exact: every statement in here sees what was committed before it, so the count is never stale. An agent whose row
-- another transaction has locked, or that asks twice, answers AGENT_LOCKED and is asked again by the caller: one stuck
-- transaction must not delay the other agents of the batch.
-- A head of the inbox is locked with SKIP LOCKED and only if it comes before the agent's own head, so no row is locked
-- that is not handed out. NO KEY UPDATE does not conflict with the key-share locks of new comments and runs. Each read of
-- the inbox continues after the last one; agents without tasks of their own share a cursor, which halves the time of
-- finding tasks in batches of ten. Nothing in here waits for a row of another transaction, so it can't be part of a
-- deadlock.
-- A task goes only to an agent that has what it requires, and not to one that has released it while another can take it
-- (may_take_again). The short path above holds for tasks of audience 0, which any agent may have (task_audience). While other
-- tasks wait in the inbox, the batch reads once the head of each audience that one of its agents may have. An agent that may
-- have no other audience than 0 uses the short path. For the others these heads are merged: each is locked by a search that
-- begins at the head and ends at the best task so far, so a second task is locked only where another transaction held the
-- first head. A head that was handed out is read again when an agent needs it. When each agent read all heads, claims in
-- batches of ten took 1.6 times as long as without other audiences, and seven times as long with 200 of them.
-- A request that is narrowed to tags uses take_task. It takes tasks out of order, so the other searches leave out by id what
-- the batch has handed out.
-- The writes are one statement for the whole batch: each statement compiles its CHECKs again, and with one set of writes
-- per request a claim took twice as long in here. What few batches need is asked only for those that need it: keys,
-- agents that become busy or have not been seen for a second, tasks that time has released.
-- A request with a key of the last 24 hours is answered with the run of that time.
--
-- Queue order, capacity and "holds a task" are defined in src/domain/runs; src/store/runs has them as SQL, and a test
-- holds this text against it.
CREATE OR REPLACE FUNCTION claim_tasks(
  p_agent_ids text[], p_capacities int[], p_lease_ms int[], p_run_ids text[],
  p_resume boolean[], p_keys text[], p_fingerprints text[],
  -- For each request: null, or {tags, capabilities, model}: null or lists to narrow it to, and null or the model of its session.
  p_narrowing jsonb[],
  -- Arguments of is_there.
  p_timeout_ms bigint, p_default_gateway text, p_gateways text[],
  -- Of end_runs_and_claim: the runs that it has ended. Their events precede those of the claims, and the status of an agent that
  -- gets no task is derived again.
  p_ends run_end[] DEFAULT '{}'
) RETURNS TABLE (request int, reason text, task_id text, run_id text, claimed_task tasks, claimed_run task_runs) LANGUAGE plpgsql
-- Right after a large import the statistics are old, and sorting an agent's whole backlog, or joining with all tasks,
-- looks as cheap as reading the head of an index in order. It never is, so these plans are off.
SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
-- A connection plans these statements once, perhaps while the tables hold a few rows, when reading them whole looks
-- cheaper than an index. PostgreSQL does not plan again when they grow: until the next ANALYZE a claim would read all tasks.
SET enable_seqscan = off
-- A small batch is not planned again each time because a plan for one agent looks cheaper than one for ten: planning took
-- two fifths of the time of a single claim.
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  locked text[]; agent record; earlier record;
  mine queue_head; head queue_head; other queue_head; taken queue_head; bound queue_head;
  -- tasks_inbox_queue. Locks each task as it is fetched and none before.
  inbox CURSOR FOR SELECT id, status, run_count, 0::bigint, requires, released_by, priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number FROM tasks
    WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL AND task_audience(requires, released_by) = 0
    ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number FOR NO KEY UPDATE SKIP LOCKED;
  is_released boolean; is_stuck boolean := false; has_limited boolean; is_open boolean := false; has_news boolean := false;
  -- The head of each audience of the inbox that an agent of the batch may have. Empty while all tasks have audience 0.
  heads queue_head[] := '{}';
  -- Places in it: of audience 0, if tasks of it wait, and of the heads that were handed out.
  plain_places int[] := '{}'; used_places int[] := '{}'; used_place int; place int; open_places int[]; stays_in_audience boolean;
  -- The position up to which the inbox has been read, as the four columns of its order.
  read_priority task_priority := 'CRITICAL'; read_due timestamptz := '-infinity'; read_created timestamptz := '-infinity'; read_number bigint := 0;
  -- What is handed out: places in the batch, tasks, what they were, and how many runs they have had.
  places int[] := '{}'; t_ids text[] := '{}'; froms task_status[] := '{}'; run_counts int[] := '{}';
  -- The agents whose status changes, mostly to BUSY, and their statuses before.
  changed text[] := '{}'; statuses text[] := '{}'; new_statuses text[] := '{}'; idle text[];
BEGIN
  LOOP
    -- Whether time has released tasks, and whether the last entry of tasks_inbox_queue has another audience than 0.
    SELECT ARRAY(SELECT id FROM agents WHERE id = ANY(p_agent_ids) FOR NO KEY UPDATE SKIP LOCKED),
      EXISTS (SELECT FROM tasks WHERE not_before <= now() AND status IN ('INBOX', 'ASSIGNED')),
      coalesce((SELECT task_audience(requires, released_by) FROM tasks
        WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL
        ORDER BY task_audience(requires, released_by) DESC LIMIT 1), 0) > 0
    INTO locked, is_released, has_limited;
    EXIT WHEN NOT is_released OR is_stuck;

    -- They join the queue before a task is handed out from it. Those that another transaction has locked stay behind.
    UPDATE tasks SET not_before = NULL WHERE id IN (
      SELECT id FROM tasks WHERE not_before <= now() AND status IN ('INBOX', 'ASSIGNED')
      ORDER BY not_before LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED);
    is_stuck := NOT FOUND;
  END LOOP;

  IF has_limited THEN
    heads := ARRAY(SELECT ROW(h.id, 'INBOX', 0, h.audience, h.requires, h.released_by, h.priority, h.due, h.created_at, h.number)::queue_head
      FROM inbox_heads('{}', ARRAY(SELECT unnest(a.capabilities) FROM agents a WHERE a.id = ANY(locked))) h);
    -- The heads come by audience.
    plain_places := CASE WHEN (heads[1]).audience = 0 THEN '{1}' ELSE '{}' END;
  END IF;

  -- An agent holds a task while a run of it is open. Counted over task_runs_open_by_agent, which has one plan however
  -- old the statistics are; over tasks, a planner that has not seen the last thousand claims reads all of them.
  FOR agent IN
    SELECT u.place::int, a.id, a.paused_at, a.max_capacity, a.accepts_inbox, a.announced_status, m.capabilities,
      CASE WHEN cardinality(heads) > 0 AND a.accepts_inbox THEN ARRAY(
        SELECT h.place::int FROM unnest(heads) WITH ORDINALITY AS h(id, status, run_count, audience, requires, released_by, priority, due, created_at, number, place)
        WHERE h.requires <@ m.capabilities AND (a.id <> ALL(h.released_by)
          OR may_take_again(a.id, h.requires, h.released_by, p_timeout_ms, p_default_gateway, p_gateways))) ELSE '{}' END AS open_places,
      a.announced_status <> 'BUSY' OR a.last_seen_at IS NULL OR a.last_seen_at < now() - interval '1 second' AS is_news,
      (SELECT count(*) FROM task_runs r WHERE r.agent_id = a.id AND r.outcome = 'RUNNING') AS open_runs,
      -- Null if it has none; 0 if any agent may have all of them. Reads the last entry: for EXISTS a planner without
      -- statistics makes a hash table of the tasks of all agents.
      (SELECT task_audience(t.requires, t.released_by) FROM tasks t
       WHERE t.assignee_id = a.id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
       ORDER BY task_audience(t.requires, t.released_by) DESC LIMIT 1) AS own_audience
    FROM unnest(p_agent_ids) WITH ORDINALITY AS u(id, place)
    LEFT JOIN agents a ON a.id = u.id AND u.id = ANY(locked) AND u.place = array_position(p_agent_ids, u.id)
    CROSS JOIN LATERAL (SELECT CASE WHEN p_narrowing[u.place]->'capabilities' IS NULL THEN a.capabilities
      ELSE ARRAY(SELECT unnest(a.capabilities) INTERSECT SELECT jsonb_array_elements_text(p_narrowing[u.place]->'capabilities')) END AS capabilities) m
  LOOP
    request := agent.place; task_id := NULL; run_id := NULL; claimed_task := NULL; claimed_run := NULL;

    IF agent.id IS NULL THEN
      reason := 'AGENT_LOCKED'; RETURN NEXT; CONTINUE;
    END IF;

    IF p_keys[request] IS NOT NULL THEN
      SELECT k.subject_id, k.fingerprint, r.task_id INTO earlier FROM idempotency_keys k JOIN task_runs r ON r.id = k.subject_id
      WHERE k.scope = agent.id AND k.operation = 'claimNextTask' AND k.key = p_keys[request] AND k.created_at > now() - interval '24 hours';
      IF FOUND THEN
        IF earlier.fingerprint = p_fingerprints[request] THEN
          reason := 'ASSIGNED'; task_id := earlier.task_id; run_id := earlier.subject_id;
          SELECT t.* INTO claimed_task FROM tasks t WHERE t.id = earlier.task_id;
          SELECT r.* INTO claimed_run FROM task_runs r WHERE r.id = earlier.subject_id;
        ELSE
          reason := 'IDEMPOTENCY_KEY_REUSED';
        END IF;
        RETURN NEXT; CONTINUE;
      END IF;
    END IF;

    IF p_resume[request] THEN
      SELECT r.id, r.task_id INTO earlier FROM task_runs r
      WHERE r.agent_id = agent.id AND r.outcome = 'RUNNING' AND r.trigger = 'CLAIM' ORDER BY r.started_at, r.id LIMIT 1;
      IF FOUND THEN
        -- Another transaction renews or ends it: the agent asks again in a moment and does not get a second task.
        PERFORM FROM task_runs WHERE id = earlier.id AND outcome = 'RUNNING' FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
          reason := 'AGENT_LOCKED'; RETURN NEXT; CONTINUE;
        END IF;
        UPDATE task_runs SET lease_ms = p_lease_ms[request], lease_expires_at = now() + p_lease_ms[request] * interval '1 millisecond',
          lease_expiry_noted_at = NULL, model = coalesce(p_narrowing[request]->>'model', model)
        WHERE id = earlier.id;
        SELECT t.* INTO claimed_task FROM tasks t WHERE t.id = earlier.task_id;
        SELECT r.* INTO claimed_run FROM task_runs r WHERE r.id = earlier.id;
        reason := 'CONTINUE_CURRENT'; task_id := earlier.task_id; run_id := earlier.id; RETURN NEXT; CONTINUE;
      END IF;
    END IF;

    IF agent.paused_at IS NOT NULL THEN
      reason := 'AGENT_PAUSED'; RETURN NEXT; CONTINUE;
    END IF;

    -- A request can lower the agent's own capacity, but not raise it. LEAST ignores NULL.
    IF agent.open_runs >= least(p_capacities[request], agent.max_capacity) THEN
      reason := 'AT_CAPACITY'; RETURN NEXT; CONTINUE;
    END IF;

    mine := NULL;
    IF p_narrowing[request]->'tags' IS NOT NULL THEN
      SELECT t.id, t.status, t.run_count, t.audience, NULL::text[], NULL::text[], t.priority, t.due, t.created_at, t.number INTO head
      FROM take_task(agent.id, agent.capabilities, agent.accepts_inbox, ARRAY(SELECT jsonb_array_elements_text(p_narrowing[request]->'tags')),
        t_ids, p_timeout_ms, p_default_gateway, p_gateways) t;
      used_places := used_places || ARRAY(SELECT n FROM generate_subscripts(heads, 1) n WHERE (heads[n]).id = head.id);
    -- Opening the cursor costs as much as the two statements, so a single claim does without it.
    ELSIF agent.own_audience IS NOT NULL OR cardinality(locked) < 3 OR NOT agent.accepts_inbox OR NOT agent.open_places <@ plain_places THEN
      IF agent.own_audience = 0 THEN
        -- tasks_assigned_queue. No other claim takes these, for the agent is locked; a task that is being edited is skipped.
        SELECT id, status, run_count, 0::bigint, requires, released_by, priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number INTO mine FROM tasks
        WHERE assignee_id = agent.id AND status = 'ASSIGNED' AND open_dependencies = 0 AND not_before IS NULL
          AND task_audience(requires, released_by) = 0
        ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
      ELSIF agent.own_audience > 0 THEN
        SELECT t.id, t.status, t.run_count, t.audience, NULL::text[], NULL::text[], t.priority, t.due, t.created_at, t.number INTO mine
        FROM take_task(agent.id, agent.capabilities, false, NULL, '{}', p_timeout_ms, p_default_gateway, p_gateways) t;
      END IF;

      IF agent.open_places <@ plain_places THEN
        -- tasks_inbox_queue between what this batch has read and the agent's own head; both bounds are index conditions.
        SELECT id, status, run_count, 0::bigint, requires, released_by, priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number INTO head FROM tasks
        WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL
          AND task_audience(requires, released_by) = 0 AND agent.accepts_inbox AND id <> ALL(t_ids)
          AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) > (read_priority, read_due, read_created, read_number)
          AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) < (coalesce(mine.priority, 'LOW'),
            coalesce(mine.due, 'infinity'::timestamptz), coalesce(mine.created_at, 'infinity'::timestamptz), coalesce(mine.number, 9223372036854775807))
        ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
      ELSE
        head := mine; used_place := NULL;
        -- Mostly the next task has the audience of the last one. A search of that audience up to the best other head finds it
        -- with one statement in place of three. Comparing more than a few heads here costs more than that saves.
        stays_in_audience := cardinality(used_places) = 1 AND used_places <@ agent.open_places AND cardinality(agent.open_places) < 4;
        LOOP
          bound := mine;
          IF stays_in_audience THEN
            open_places := used_places;
            FOREACH place IN ARRAY agent.open_places LOOP
              IF place <> used_places[1] AND ((heads[place]).priority, (heads[place]).due, (heads[place]).created_at, (heads[place]).number)
                < (coalesce(bound.priority, 'LOW'), coalesce(bound.due, 'infinity'::timestamptz), coalesce(bound.created_at, 'infinity'::timestamptz), coalesce(bound.number, 9223372036854775807)) THEN
                bound := heads[place];
              END IF;
            END LOOP;
          ELSE
            -- The next heads of the audiences whose heads were handed out. Null if there is none.
            FOREACH place IN ARRAY used_places LOOP
              other := heads[place];
              SELECT id, status, run_count, other.audience, requires, released_by, priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number INTO other FROM tasks
              WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL AND id <> ALL(t_ids)
                AND task_audience(requires, released_by) = other.audience AND requires = other.requires AND released_by = other.released_by
                AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) >= (other.priority, other.due, other.created_at, other.number)
              ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1;
              heads[place] := other;
            END LOOP;
            used_places := '{}';
            open_places := ARRAY(SELECT n FROM unnest(agent.open_places) n
              ORDER BY (heads[n]).priority, (heads[n]).due, (heads[n]).created_at, (heads[n]).number);
          END IF;

          FOREACH place IN ARRAY open_places LOOP
            other := heads[place];
            EXIT WHEN (other.priority, other.due, other.created_at, other.number) > (bound.priority, bound.due, bound.created_at, bound.number);

            SELECT id, status, run_count, other.audience, requires, released_by, priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number INTO taken FROM tasks
            WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL AND id <> ALL(t_ids)
              AND task_audience(requires, released_by) = other.audience AND requires = other.requires AND released_by = other.released_by
              AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) >= (other.priority, other.due, other.created_at, other.number)
              AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) < (coalesce(bound.priority, 'LOW'),
                coalesce(bound.due, 'infinity'::timestamptz), coalesce(bound.created_at, 'infinity'::timestamptz), coalesce(bound.number, 9223372036854775807))
            ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
            IF FOUND THEN
              head := taken; bound := taken; used_place := place; heads[place] := taken;
            END IF;
          END LOOP;
          EXIT WHEN used_place IS NOT NULL OR NOT stays_in_audience;
          stays_in_audience := false;
        END LOOP;
        IF used_place IS NOT NULL THEN
          used_places := ARRAY[used_place];
        END IF;
      END IF;
    ELSE
      IF NOT is_open THEN
        OPEN inbox; is_open := true;
      END IF;
      -- After the tasks that the statements above have handed out: SKIP LOCKED does not skip rows that this transaction locked.
      LOOP
        FETCH inbox INTO head;
        EXIT WHEN NOT FOUND OR (head.id <> ALL(t_ids)
          AND (head.priority, head.due, head.created_at, head.number) > (read_priority, read_due, read_created, read_number));
      END LOOP;
    END IF;

    IF head.id IS NULL THEN
      IF mine.id IS NULL THEN
        -- NOTHING_FOR_AGENT says that others may find tasks in the inbox.
        reason := CASE WHEN has_limited THEN 'NOTHING_FOR_AGENT' ELSE 'NO_TASKS_AVAILABLE' END; RETURN NEXT; CONTINUE;
      END IF;
      head := mine;
    ELSIF p_narrowing[request]->'tags' IS NULL AND head.status = 'INBOX' AND head.audience = 0 THEN
      read_priority := head.priority; read_due := head.due; read_created := head.created_at; read_number := head.number;
      IF NOT plain_places <@ used_places THEN
        used_places := used_places || plain_places;
      END IF;
    END IF;

    places := places || request; t_ids := t_ids || head.id; froms := froms || head.status; run_counts := run_counts || head.run_count;
    has_news := has_news OR agent.is_news;
    IF agent.announced_status <> 'BUSY' THEN
      changed := changed || agent.id; statuses := statuses || agent.announced_status::text; new_statuses := new_statuses || 'BUSY'::text;
    END IF;
  END LOOP;

  IF cardinality(places) = 0 AND cardinality(p_ends) = 0 THEN
    RETURN;
  END IF;

  RETURN QUERY WITH moved AS (
    UPDATE tasks t SET status = 'IN_PROGRESS', assignee_id = p_agent_ids[u.place], current_run_id = p_run_ids[u.place],
      run_count = t.run_count + 1, version = t.version + 1, updated_at = now(), status_at = now(), started_at = now(), backoff_until = NULL
    FROM unnest(places, t_ids) AS u(place, id) WHERE t.id = u.id
    RETURNING u.place, t AS row),
  opened AS (
    INSERT INTO task_runs AS r (id, task_id, agent_id, number, trigger, lease_ms, lease_expires_at, model, model_signals)
    SELECT p_run_ids[u.place], u.task, p_agent_ids[u.place], u.runs + 1, 'CLAIM', p_lease_ms[u.place],
      now() + p_lease_ms[u.place] * interval '1 millisecond', p_narrowing[u.place]->>'model', '{}'
    FROM unnest(places, t_ids, run_counts) AS u(place, task, runs)
    RETURNING r AS row)
  SELECT m.place, 'ASSIGNED', (m.row).id, (o.row).id, m.row, o.row FROM moved m JOIN opened o ON (o.row).task_id = (m.row).id;

  IF array_remove(p_keys, NULL) <> '{}' THEN
    INSERT INTO idempotency_keys (scope, operation, key, fingerprint, subject_id)
    SELECT p_agent_ids[u.place], 'claimNextTask', p_keys[u.place], p_fingerprints[u.place], p_run_ids[u.place]
    FROM unnest(places) AS u(place) WHERE p_keys[u.place] IS NOT NULL
    ON CONFLICT (scope, operation, key) DO UPDATE SET fingerprint = excluded.fingerprint, subject_id = excluded.subject_id, created_at = now();
  END IF;

  IF has_news THEN
    UPDATE agents a SET last_seen_at = now(), announced_status = 'BUSY'
    FROM unnest(places) AS u(place) WHERE a.id = p_agent_ids[u.place]
      AND (a.announced_status <> 'BUSY' OR a.last_seen_at IS NULL OR a.last_seen_at < now() - interval '1 second');
  END IF;

  IF cardinality(p_ends) > 0 THEN
    idle := ARRAY(SELECT DISTINCT e.agent_id FROM unnest(p_ends) e WHERE e.agent_id <> ALL(ARRAY(SELECT p_agent_ids[n] FROM unnest(places) AS n)));
    IF cardinality(idle) > 0 THEN
      SELECT changed || array_agg((s.agent).id), statuses || array_agg(s.was::text), new_statuses || array_agg((s.agent).announced_status::text)
      INTO changed, statuses, new_statuses
      FROM see_agents(idle, false, array_fill(p_timeout_ms, ARRAY[cardinality(idle)])) s WHERE s.was <> (s.agent).announced_status;
    END IF;
  END IF;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  IF cardinality(p_ends) > 0 THEN
    INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, comment_id, payload)
    SELECT w.type, w.actor_key_id, w.actor_agent_id, w.task_id, w.agent_id, w.run_id, w.comment_id, w.payload FROM events_of_run_ends(p_ends) w;
  END IF;
  IF cardinality(changed) > 0 THEN
    INSERT INTO event_outbox (type, actor_agent_id, agent_id, payload)
    SELECT 'agent.status_changed', u.id, u.id, jsonb_build_object('from', u.was, 'to', u.becomes) FROM unnest(changed, statuses, new_statuses) AS u(id, was, becomes);
  END IF;

  -- In the order in which they were handed out, each claim before its run.
  INSERT INTO event_outbox (type, actor_agent_id, task_id, agent_id, run_id, payload)
  SELECT e.type, p_agent_ids[u.place], u.task, p_agent_ids[u.place], p_run_ids[u.place],
    CASE e.type WHEN 'task.claimed' THEN jsonb_build_object('from', u.was, 'to', 'IN_PROGRESS') ELSE '{}'::jsonb END
  FROM unnest(places, t_ids, froms) WITH ORDINALITY AS u(place, task, was, ord),
    (VALUES (1, 'task.claimed'), (2, 'run.started')) AS e(step, type)
  ORDER BY u.ord, e.step;
END $$;
