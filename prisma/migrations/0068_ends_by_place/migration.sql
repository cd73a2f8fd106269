-- The places of the locked rows of a run and of its task.
ALTER TYPE "run_end" ADD ATTRIBUTE "run_place" tid, ADD ATTRIBUTE "task_place" tid;

-- The arguments that a server of the version before passes are the same.
DROP FUNCTION claim_tasks(p_agent_ids text[], p_capacities integer[], p_lease_ms integer[], p_run_ids text[], p_resume boolean[], p_keys text[], p_fingerprints text[], p_narrowing jsonb[], p_timeout_ms bigint, p_default_gateway text, p_gateways text[], p_earlier_events event_outbox[], p_ended_agent_ids text[]);
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
  -- For each request: null, or {tags, capabilities}, each null or a list.
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
          lease_expiry_noted_at = NULL
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
    INSERT INTO task_runs AS r (id, task_id, agent_id, number, trigger, lease_ms, lease_expires_at, model_signals)
    SELECT p_run_ids[u.place], u.task, p_agent_ids[u.place], u.runs + 1, 'CLAIM', p_lease_ms[u.place],
      now() + p_lease_ms[u.place] * interval '1 millisecond', '{}'
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

-- The status of an agent, as src/domain/agents/status.ts derives it. A test holds the two against each other. Each value has its type: a
-- cast of the whole is not immutable, and PostgreSQL would then call the function for each row and not plan its text.
CREATE OR REPLACE FUNCTION derive_agent_status(
  p_paused_at timestamptz, p_error_at timestamptz, p_last_seen_at timestamptz, p_has_live_lease boolean, p_now timestamptz, p_timeout_ms bigint
) RETURNS agent_status LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_paused_at IS NOT NULL THEN 'PAUSED'::agent_status WHEN p_error_at IS NOT NULL THEN 'ERROR'::agent_status
    WHEN p_last_seen_at IS NULL OR p_now - p_last_seen_at > p_timeout_ms * interval '1 millisecond' THEN 'OFFLINE'::agent_status
    WHEN p_has_live_lease THEN 'BUSY'::agent_status ELSE 'IDLE'::agent_status END
$$;

DROP FUNCTION end_runs(p_run_ids text[], p_calls jsonb, p_keeps_events boolean);
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
  -- A list of objects, one for each run, with the fields that lock_run_ends reads.
  p_calls jsonb
) RETURNS TABLE (request int, ended_task tasks, agent_id text, started_at timestamptz) LANGUAGE plpgsql
SET lock_timeout = '500ms'
-- As in claim_tasks: the plans must not depend on the age of the statistics.
SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_seqscan = off SET enable_memoize = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  ends run_end[]; agents_changed text[]; statuses_before text[]; statuses text[];
BEGIN
  ends := lock_run_ends(p_run_ids, p_calls);
  IF cardinality(ends) = 0 THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT * FROM write_run_ends(ends);

  -- The agents have just made a call, so none of them is silent.
  SELECT array_agg((s.agent).id), array_agg(s.was::text), array_agg((s.agent).announced_status::text) INTO agents_changed, statuses_before, statuses
  FROM see_agents(ARRAY(SELECT DISTINCT e.agent_id FROM unnest(ends) e), false, array_fill(86400000::bigint, ARRAY[cardinality(ends)])) s
  WHERE s.was <> (s.agent).announced_status;

  -- Events come last: their ids must be drawn after every lock was taken (number_events).
  INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, task_id, agent_id, run_id, comment_id, payload)
  SELECT w.type, w.actor_key_id, w.actor_agent_id, w.task_id, w.agent_id, w.run_id, w.comment_id, w.payload FROM events_of_run_ends(ends) w;

  IF agents_changed IS NOT NULL THEN
    INSERT INTO event_outbox (type, actor_key_id, actor_agent_id, agent_id, payload)
    SELECT 'agent.status_changed', e.actor_key_id, e.actor_agent_id, u.id, jsonb_build_object('from', u.was, 'to', u.status)
    FROM unnest(agents_changed, statuses_before, statuses) AS u(id, was, status),
      LATERAL (SELECT c.actor_key_id, c.actor_agent_id FROM unnest(ends) c WHERE c.agent_id = u.id LIMIT 1) e;
  END IF;
END $$;

-- Ends runs whose holders hand in their results and claim the next task in the same request. It is one transaction, so it costs one
-- commit, and an agent that goes from one task to the next stays BUSY: no event says that it was IDLE in between. A request whose run
-- end_runs would leave alone claims nothing: its claim comes after the transaction that serves the call.
--
-- Returns for each other request a row of end_runs, and then one of claim_tasks. Their texts say what the arguments and settings are.
CREATE OR REPLACE FUNCTION end_runs_and_claim(
  p_ended_run_ids text[], p_calls jsonb,
  p_agent_ids text[], p_capacities int[], p_lease_ms int[], p_run_ids text[], p_resume boolean[], p_keys text[], p_fingerprints text[],
  p_narrowing jsonb[], p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
) RETURNS TABLE (request int, ended_task tasks, agent_id text, started_at timestamptz, reason text, claimed_task tasks, claimed_run task_runs)
LANGUAGE plpgsql
SET lock_timeout = '500ms'
SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_seqscan = off SET enable_memoize = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  ends run_end[]; served int[];
BEGIN
  ends := lock_run_ends(p_ended_run_ids, p_calls);
  IF cardinality(ends) = 0 THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT e.request, e.ended_task, e.agent_id, e.started_at, NULL, NULL::tasks, NULL::task_runs FROM write_run_ends(ends) e;

  -- Places in the arrays start at 1, requests at 0.
  served := ARRAY(SELECT e.place + 1 FROM unnest(ends) e);
  RETURN QUERY SELECT served[c.request] - 1, NULL::tasks, NULL, NULL::timestamptz, c.reason, c.claimed_task, c.claimed_run
  FROM claim_tasks(ARRAY(SELECT p_agent_ids[n] FROM unnest(served) n), ARRAY(SELECT p_capacities[n] FROM unnest(served) n),
    ARRAY(SELECT p_lease_ms[n] FROM unnest(served) n), ARRAY(SELECT p_run_ids[n] FROM unnest(served) n),
    ARRAY(SELECT p_resume[n] FROM unnest(served) n), ARRAY(SELECT p_keys[n] FROM unnest(served) n),
    ARRAY(SELECT p_fingerprints[n] FROM unnest(served) n), ARRAY(SELECT p_narrowing[n] FROM unnest(served) n),
    p_timeout_ms, p_default_gateway, p_gateways, ends) c;
END $$;

-- The events of runs that end, in the order of the calls, without those of the agents. PostgreSQL plans this text as part of the
-- statement that inserts them. The payloads are built after the events that there are not were left out.
CREATE OR REPLACE FUNCTION events_of_run_ends(p_ends run_end[])
RETURNS TABLE (type text, actor_key_id text, actor_agent_id text, task_id text, agent_id text, run_id text, comment_id text, payload jsonb)
LANGUAGE sql STABLE AS $$
  SELECT v.type, e.actor_key_id, e.actor_agent_id, e.task_id, v.agent_id, v.run_id, v.comment_id,
    CASE v.step WHEN 2 THEN jsonb_strip_nulls(jsonb_build_object('from', 'IN_PROGRESS', 'to', e.to_status, 'reason', e.reason))
      WHEN 3 THEN jsonb_build_object('round', e.review_round)
      WHEN 4 THEN jsonb_build_object('assigneeId', NULL, 'previousAssigneeId', e.agent_id) ELSE '{}'::jsonb END
  FROM unnest(p_ends) e CROSS JOIN LATERAL (VALUES
    (1, 'run.' || lower(e.outcome::text), e.agent_id, e.run_id, NULL),
    (2, CASE WHEN e.verb = 'complete' THEN 'task.completed' WHEN e.to_status = 'FAILED' THEN 'task.failed' ELSE 'task.requeued' END, e.agent_id, e.run_id, NULL),
    (3, CASE e.to_status WHEN 'REVIEW' THEN 'review.requested' END, e.agent_id, NULL, NULL),
    (4, CASE e.to_status WHEN 'INBOX' THEN 'task.assigned' END, NULL, NULL, NULL),
    (5, CASE e.verb WHEN 'fail' THEN 'task.comment_added' END, CASE e.to_status WHEN 'INBOX' THEN NULL ELSE e.agent_id END, NULL, e.comment_id)
  ) AS v(step, type, agent_id, run_id, comment_id)
  WHERE v.type IS NOT NULL ORDER BY e.place, v.step
$$;

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

-- The sequencer: moves committed events from the outbox to the log, in the order of their ids, and gives them the next
-- positions. Any process may call it at any time; the lock lets one work while the others wait.
--
-- The id of an event is drawn by the last statement of its transaction, after all row locks were taken. So an event that
-- depends on another has the higher id, and whoever sees it sees the other one too. Each statement below takes a new
-- snapshot after the lock was granted: positions are dense, and none is assigned twice.
-- Returns the number of events. It is at most p_limit; if it is p_limit, more may wait.
CREATE OR REPLACE FUNCTION number_events(p_limit int) RETURNS int LANGUAGE plpgsql
-- Otherwise PostgreSQL may plan the statements for each call again, which takes longer than running them.
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  last bigint; numbered int; log event_horizon; current_origin text;
BEGIN
  -- An event that another process is moving is still visible here. So nothing is missed, and a call without work is cheap.
  IF NOT EXISTS (SELECT FROM event_outbox) THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(4170002);

  -- A reader must not see a position that a crash of PostgreSQL could take back and give to another event.
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;

  SELECT * INTO STRICT log FROM event_horizon;
  last := greatest(log.position, (SELECT id FROM events ORDER BY id DESC LIMIT 1));

  -- After a restore from an older backup, or a failover that lost commits, readers may know positions that this log has not
  -- assigned. It continues 2^40 positions higher, so that their cursors are recognised and refused.
  IF log.origin_started IS DISTINCT FROM pg_postmaster_start_time() THEN
    current_origin := (SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
    UPDATE event_horizon SET origin = current_origin, origin_started = pg_postmaster_start_time();
    IF log.origin <> current_origin THEN
      last := ((last >> 40) + 1) << 40;
    END IF;
  END IF;

  -- Only this function deletes from the outbox and nothing updates it, so a ctid stays valid.
  WITH taken AS (
    DELETE FROM event_outbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_outbox ORDER BY id LIMIT p_limit)) RETURNING *)
  INSERT INTO events (id, type, at, actor_key_id, actor_agent_id, task_id, agent_id, run_id, review_id, comment_id, key_id,
    recurring_task_id, pipeline_run_id, payload)
  SELECT last + row_number() OVER (ORDER BY id), type, at, actor_key_id, actor_agent_id, task_id, agent_id, run_id, review_id,
    comment_id, key_id, recurring_task_id, pipeline_run_id, payload
  FROM taken;
  GET DIAGNOSTICS numbered = ROW_COUNT;

  -- Wakes the readers of all processes. The lock that a NOTIFY takes at the commit delays no other writer.
  IF numbered > 0 THEN
    PERFORM pg_notify('mission_control', '');
  END IF;
  RETURN numbered;
END $$;

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
