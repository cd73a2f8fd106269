-- AlterTable
ALTER TABLE "agents" ADD COLUMN     "accepts_inbox" BOOLEAN NOT NULL DEFAULT true,
ALTER COLUMN "capabilities" SET DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "pipeline_steps" ADD COLUMN     "requires" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "recurring_tasks" ADD COLUMN     "requires" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "pinned" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "released_by" TEXT[] DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "requires" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- Open tasks that an agent took from the inbox have no pin. The assignee of any other was named.
UPDATE tasks t SET pinned = true
WHERE t.assignee_id IS NOT NULL AND t.status NOT IN ('DONE', 'FAILED', 'CANCELLED')
  AND NOT EXISTS (SELECT FROM events e WHERE e.task_id = t.id AND e.type = 'task.claimed' AND e.payload ->> 'from' = 'INBOX');

-- As for new reviewers: one that took a task of the inbox could not judge it.
UPDATE agents SET accepts_inbox = false WHERE role = 'reviewer' AND delivery = 'PUSH';

-- As inbox_heads, for the waiting tasks of one agent: one step into tasks_assigned_queue for each audience.
CREATE OR REPLACE FUNCTION assigned_heads(p_agent_id text) RETURNS TABLE (
  id text, requires text[], audience bigint, priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql STABLE
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH RECURSIVE heads AS (
    (SELECT t.id, t.requires, task_audience(t.requires, t.released_by) AS audience,
      t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
    FROM tasks t WHERE t.assignee_id = p_agent_id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
    ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1)
    UNION ALL
    SELECT n.* FROM heads h CROSS JOIN LATERAL (
      SELECT t.id, t.requires, task_audience(t.requires, t.released_by) AS audience,
        t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
      FROM tasks t WHERE t.assignee_id = p_agent_id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
        AND task_audience(t.requires, t.released_by) > h.audience
      ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1
    ) n)
  SELECT h.* FROM heads h;
END $$;

DROP FUNCTION claim_tasks(p_agent_ids text[], p_capacities integer[], p_lease_ms integer[], p_run_ids text[], p_resume boolean[], p_keys text[], p_fingerprints text[]);
-- The claim: the requests of several agents in one round trip, in the order given, at most one for each agent. It returns
-- the rows of what it hands out: a second statement that reads them could fail after the claim has been committed.
--
-- The agents' rows are locked first. That serialises the claims of one agent over all processes and makes the capacity
-- check exact: every statement in here sees what was committed before it, so the count is never stale. An agent whose row
-- another transaction has locked, or that asks twice, answers AGENT_LOCKED and is asked again by the caller: one stuck
-- transaction must not delay the other agents of the batch.
-- A head of the inbox is locked with SKIP LOCKED and only if it comes before the agent's own head, so no row is locked
-- that is not handed out. NO KEY UPDATE does not conflict with the key-share locks of new comments and runs. Each look at
-- the inbox goes on behind the last one; agents without tasks of their own share a cursor, which halves the time of
-- finding tasks in batches of ten. Nothing in here waits for a row of another transaction, so it can't be part of a
-- deadlock.
-- A task goes only to an agent that has what it requires, and not to one that has handed it back while another can take it
-- (may_take_again). The short way above holds for tasks of audience 0, which any agent may have (task_audience). While other
-- tasks wait in the inbox, or a request is narrowed, the whole batch takes the way of take_task, which merges the heads of
-- the audiences; so does an agent whose own tasks require something. It steps over what the batch has handed out by id, for
-- a place in the inbox says nothing where each agent may have other tasks.
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
  -- For is_there.
  p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
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
  locked text[]; narrowed jsonb; agent record; mine record; head record; earlier record;
  -- tasks_inbox_queue. Locks each task as it is fetched and none before.
  inbox CURSOR FOR SELECT id, status, run_count, 0::bigint AS audience, priority, coalesce(due_at, 'infinity'::timestamptz) AS due, created_at, number FROM tasks
    WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL AND task_audience(requires, released_by) = 0
    ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number FOR NO KEY UPDATE SKIP LOCKED;
  is_released boolean; is_mixed boolean; has_limited boolean; is_open boolean := false; has_mine boolean; has_news boolean := false;
  -- Where the inbox has been read to, as the four columns of its order.
  read_priority task_priority := 'CRITICAL'; read_due timestamptz := '-infinity'; read_created timestamptz := '-infinity'; read_number bigint := 0;
  -- What is handed out: places in the batch, tasks, what they were, and how many runs they have had.
  places int[] := '{}'; t_ids text[] := '{}'; froms task_status[] := '{}'; run_counts int[] := '{}';
BEGIN
  -- The flag says whether time has released tasks.
  SELECT ARRAY(SELECT id FROM agents WHERE id = ANY(p_agent_ids) FOR NO KEY UPDATE SKIP LOCKED),
    EXISTS (SELECT FROM tasks WHERE not_before <= now() AND status IN ('INBOX', 'ASSIGNED')),
    EXISTS (SELECT FROM unnest(p_narrowing) n WHERE n IS NOT NULL)
  INTO locked, is_released, is_mixed;

  -- They join the queue before a task is handed out from it.
  WHILE is_released LOOP
    UPDATE tasks SET not_before = NULL WHERE id IN (
      SELECT id FROM tasks WHERE not_before <= now() AND status IN ('INBOX', 'ASSIGNED')
      ORDER BY not_before LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED);
    is_released := FOUND;
  END LOOP;

  -- The last entry of tasks_inbox_queue.
  has_limited := coalesce((SELECT task_audience(requires, released_by) FROM tasks
    WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL
    ORDER BY task_audience(requires, released_by) DESC LIMIT 1), 0) > 0;
  is_mixed := is_mixed OR has_limited;

  -- An agent holds a task while a run of it is open. Counted over task_runs_open_by_agent, which has one plan however
  -- old the statistics are; over tasks, a planner that has not seen the last thousand claims reads all of them.
  FOR agent IN
    SELECT u.place::int, a.id, a.paused_at, a.max_capacity, a.capabilities, a.accepts_inbox,
      a.announced_status <> 'BUSY' OR a.last_seen_at IS NULL OR a.last_seen_at < now() - interval '1 second' AS is_news,
      (SELECT count(*) FROM task_runs r WHERE r.agent_id = a.id AND r.outcome = 'RUNNING') AS open_runs,
      -- Null if it has none; 0 if any agent may have all of them. The last entry and not EXISTS, of which a planner that
      -- knows nothing makes a hash table of every agent's tasks.
      (SELECT task_audience(t.requires, t.released_by) FROM tasks t
       WHERE t.assignee_id = a.id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
       ORDER BY task_audience(t.requires, t.released_by) DESC LIMIT 1) AS own_audience
    FROM unnest(p_agent_ids) WITH ORDINALITY AS u(id, place)
    LEFT JOIN agents a ON a.id = u.id AND u.id = ANY(locked) AND u.place = array_position(p_agent_ids, u.id)
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

    -- The capacity of the request goes before the agent's own.
    IF agent.open_runs >= coalesce(p_capacities[request], agent.max_capacity) THEN
      reason := 'AT_CAPACITY'; RETURN NEXT; CONTINUE;
    END IF;

    IF is_mixed OR agent.own_audience > 0 THEN
      narrowed := p_narrowing[request]; has_mine := false;
      SELECT t.id, t.status, t.run_count, t.audience, t.priority, t.due, t.created_at, t.number INTO head FROM take_task(agent.id,
        CASE WHEN narrowed->'capabilities' IS NULL THEN agent.capabilities
          ELSE ARRAY(SELECT unnest(agent.capabilities) INTERSECT SELECT jsonb_array_elements_text(narrowed->'capabilities')) END,
        agent.accepts_inbox,
        CASE WHEN narrowed->'tags' IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(narrowed->'tags')) END,
        t_ids, p_timeout_ms, p_default_gateway, p_gateways) t;
    -- Opening the cursor costs as much as the two statements, so a single claim does without it.
    ELSIF agent.own_audience IS NOT NULL OR cardinality(locked) < 3 OR NOT agent.accepts_inbox THEN
      -- tasks_assigned_queue. No other claim takes these, for the agent is locked; a task that is being edited is skipped.
      SELECT id, status, run_count, 0::bigint AS audience, priority, coalesce(due_at, 'infinity'::timestamptz) AS due, created_at, number INTO mine FROM tasks
      WHERE assignee_id = agent.id AND status = 'ASSIGNED' AND open_dependencies = 0 AND not_before IS NULL
        AND task_audience(requires, released_by) = 0
      ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
      has_mine := FOUND;

      -- tasks_inbox_queue between what this batch has read and the agent's own head; both bounds are index conditions.
      SELECT id, status, run_count, 0::bigint AS audience, priority, coalesce(due_at, 'infinity'::timestamptz) AS due, created_at, number INTO head FROM tasks
      WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL
        AND task_audience(requires, released_by) = 0 AND agent.accepts_inbox
        AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) > (read_priority, read_due, read_created, read_number)
        AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) < (coalesce(mine.priority, 'LOW'),
          coalesce(mine.due, 'infinity'::timestamptz), coalesce(mine.created_at, 'infinity'::timestamptz), coalesce(mine.number, 9223372036854775807))
      ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    ELSE
      has_mine := false;
      IF NOT is_open THEN
        OPEN inbox; is_open := true;
      END IF;
      -- Past what the statement above has handed out meanwhile: SKIP LOCKED does not skip rows that this transaction locked.
      LOOP
        FETCH inbox INTO head;
        EXIT WHEN NOT FOUND OR (head.priority, head.due, head.created_at, head.number) > (read_priority, read_due, read_created, read_number);
      END LOOP;
    END IF;

    IF head.id IS NULL THEN
      IF NOT has_mine THEN
        -- NOTHING_FOR_AGENT says that others may find tasks in the inbox.
        reason := CASE WHEN has_limited THEN 'NOTHING_FOR_AGENT' ELSE 'NO_TASKS_AVAILABLE' END; RETURN NEXT; CONTINUE;
      END IF;
      head := mine;
    ELSIF NOT is_mixed AND head.status = 'INBOX' AND head.audience = 0 THEN
      read_priority := head.priority; read_due := head.due; read_created := head.created_at; read_number := head.number;
    END IF;

    places := places || request; t_ids := t_ids || head.id; froms := froms || head.status; run_counts := run_counts || head.run_count;
    has_news := has_news OR agent.is_news;
  END LOOP;

  IF cardinality(places) = 0 THEN
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
    INSERT INTO events (type, actor_agent_id, agent_id, payload)
    SELECT 'agent.status_changed', a.id, a.id, jsonb_build_object('from', a.announced_status, 'to', 'BUSY')
    FROM unnest(places) AS u(place) JOIN agents a ON a.id = p_agent_ids[u.place] WHERE a.announced_status <> 'BUSY';

    UPDATE agents a SET last_seen_at = now(), announced_status = 'BUSY'
    FROM unnest(places) AS u(place) WHERE a.id = p_agent_ids[u.place]
      AND (a.announced_status <> 'BUSY' OR a.last_seen_at IS NULL OR a.last_seen_at < now() - interval '1 second');
  END IF;

  -- In the order in which they were handed out, each claim before its run.
  INSERT INTO events (type, actor_agent_id, task_id, agent_id, run_id, payload)
  SELECT e.type, p_agent_ids[u.place], u.task, p_agent_ids[u.place], p_run_ids[u.place],
    CASE e.type WHEN 'task.claimed' THEN jsonb_build_object('from', u.was, 'to', 'IN_PROGRESS') ELSE '{}'::jsonb END
  FROM unnest(places, t_ids, froms) WITH ORDINALITY AS u(place, task, was, ord),
    (VALUES (1, 'task.claimed'), (2, 'run.started')) AS e(step, type)
  ORDER BY u.ord, e.step;
END $$;

-- The first task of the inbox for each audience (task_audience), without those in p_except, which the same claim has handed
-- out already. One step into tasks_inbox_queue for each audience that has waiting tasks, however many tasks it has.
CREATE OR REPLACE FUNCTION inbox_heads(p_except text[]) RETURNS TABLE (
  id text, requires text[], released_by text[], audience bigint, priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql STABLE
-- As in claim_tasks: these steps are never worse than what old statistics make a planner choose.
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH RECURSIVE heads AS (
    (SELECT t.id, t.requires, t.released_by, task_audience(t.requires, t.released_by) AS audience,
      t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
    FROM tasks t WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND t.id <> ALL(p_except)
    ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1)
    UNION ALL
    SELECT n.* FROM heads h CROSS JOIN LATERAL (
      SELECT t.id, t.requires, t.released_by, task_audience(t.requires, t.released_by) AS audience,
        t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
      FROM tasks t WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND t.id <> ALL(p_except)
        AND task_audience(t.requires, t.released_by) > h.audience
      ORDER BY task_audience(t.requires, t.released_by), t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1
    ) n)
  SELECT h.* FROM heads h;
END $$;

-- Whether the agent can take work at all: it asks and is not silent for longer than the timeout, or it is sent work through
-- a gateway that the server has and reaches, and that does not refuse it.
CREATE OR REPLACE FUNCTION is_there(a agents, p_timeout_ms bigint, p_default_gateway text, p_gateways text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE a.delivery WHEN 'PULL' THEN coalesce(a.last_seen_at >= now() - p_timeout_ms * interval '1 millisecond', false)
    ELSE a.error_at IS NULL AND coalesce(coalesce(a.gateway, p_default_gateway) = ANY(p_gateways), false)
      AND NOT EXISTS (SELECT FROM gateway_outages o WHERE o.gateway = coalesce(a.gateway, p_default_gateway) AND o.expires_at > now()) END
$$;

-- Whether a task that these agents have handed back may go to this agent: to any other, and to one of them only while no
-- other agent can take it. Another can take it if it accepts tasks of the inbox, is not paused, is there, and has what the
-- task requires.
CREATE OR REPLACE FUNCTION may_take_again(
  p_agent_id text, p_requires text[], p_released_by text[], p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN NOT (p_agent_id = ANY(p_released_by)) OR NOT EXISTS (SELECT FROM agents a
    WHERE a.id <> ALL(p_released_by) AND a.accepts_inbox AND a.paused_at IS NULL AND p_requires <@ a.capabilities
      AND is_there(a, p_timeout_ms, p_default_gateway, p_gateways));
END $$;

-- The heads that this agent may take, in queue order: of its own tasks and, if it accepts them, of the inbox.
CREATE OR REPLACE FUNCTION open_heads(
  p_agent_id text, p_capabilities text[], p_accepts_inbox boolean, p_except text[],
  p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
) RETURNS TABLE (
  id text, status task_status, requires text[], released_by text[], audience bigint,
  priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT h.* FROM (
    SELECT a.id, 'ASSIGNED'::task_status, a.requires, '{}'::text[], a.audience, a.priority, a.due, a.created_at, a.number
    FROM assigned_heads(p_agent_id) a WHERE a.requires <@ p_capabilities
    UNION ALL
    SELECT i.id, 'INBOX'::task_status, i.requires, i.released_by, i.audience, i.priority, i.due, i.created_at, i.number
    FROM inbox_heads(p_except) i WHERE p_accepts_inbox AND i.requires <@ p_capabilities
      AND may_take_again(p_agent_id, i.requires, i.released_by, p_timeout_ms, p_default_gateway, p_gateways)
  ) h (id, status, requires, released_by, audience, priority, due, created_at, number)
  ORDER BY h.priority, h.due, h.created_at, h.number;
END $$;

-- Trigger of tasks: refuses every status move that docs/state-machine.md does not have, also those of a person with psql. A
-- test holds it against the table in src/domain/task-status.ts.
CREATE OR REPLACE FUNCTION refuse_illegal_status_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status NOT IN ('INBOX', 'ASSIGNED') THEN
      RAISE EXCEPTION 'a task cannot begin as %', NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_status_move';
    END IF;
  ELSIF NOT (CASE OLD.status
    WHEN 'INBOX' THEN NEW.status IN ('ASSIGNED', 'IN_PROGRESS', 'CANCELLED')
    WHEN 'ASSIGNED' THEN NEW.status IN ('INBOX', 'IN_PROGRESS', 'CANCELLED')
    WHEN 'IN_PROGRESS' THEN NEW.status IN ('REVIEW', 'DONE', 'INBOX', 'ASSIGNED', 'FAILED', 'CANCELLED')
    WHEN 'REVIEW' THEN NEW.status IN ('DONE', 'REJECTED', 'CANCELLED')
    WHEN 'REJECTED' THEN NEW.status IN ('ASSIGNED', 'FAILED', 'CANCELLED')
    WHEN 'FAILED' THEN NEW.status IN ('ASSIGNED', 'INBOX')
    WHEN 'CANCELLED' THEN NEW.status IN ('ASSIGNED', 'INBOX')
    ELSE false
  END) THEN
    RAISE EXCEPTION 'a task cannot move from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_status_move';
  END IF;
  RETURN NEW;
END $$;

-- As the search of take_task in one audience of the inbox, for tags that few of its first tasks have: over
-- tasks_waiting_tags, so it costs what waits with these tags and not what waits before them.
CREATE OR REPLACE FUNCTION take_tagged_task(
  p_tags text[], p_requires text[], p_released_by text[], p_except text[],
  p_priority task_priority, p_due timestamptz, p_created_at timestamptz, p_number bigint
) RETURNS TABLE (
  id text, status task_status, run_count int, audience bigint,
  priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql
-- Only so is an index of tags used at all.
SET enable_indexscan = off SET enable_seqscan = off SET enable_bitmapscan = on SET enable_sort = on AS $$
#variable_conflict use_column
DECLARE
  tagged text[]; waiting record; taken tasks;
BEGIN
  -- No other index serves these conditions, whatever the statistics say: tasks_inbox_queue would be walked to its end.
  tagged := ARRAY(SELECT t.id FROM tasks t
    WHERE t.current_run_id IS NULL AND t.completed_at IS NULL AND t.tags <> '{}' AND t.tags @> p_tags);

  FOR waiting IN
    SELECT t.id FROM unnest(tagged) AS u(id) CROSS JOIN LATERAL (SELECT * FROM tasks each WHERE each.id = u.id OFFSET 0) t
    WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL
      AND t.requires = p_requires AND t.released_by = p_released_by AND t.id <> ALL(p_except)
      AND (t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number) < (p_priority, p_due, p_created_at, p_number)
    ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number
  LOOP
    -- By its id alone, so that the planner has no choice; the row may have changed before it was locked.
    SELECT * INTO taken FROM tasks t WHERE t.id = waiting.id FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND AND taken.status = 'INBOX' AND taken.open_dependencies = 0 AND taken.not_before IS NULL AND taken.tags @> p_tags
      AND taken.requires = p_requires AND taken.released_by = p_released_by THEN
      RETURN QUERY SELECT taken.id, taken.status, taken.run_count, task_audience(p_requires, p_released_by), taken.priority,
        coalesce(taken.due_at, 'infinity'::timestamptz), taken.created_at, taken.number;
      EXIT;
    END IF;
  END LOOP;
END $$;

-- Locks and returns the first task in queue order that this agent may have and that nobody else holds, without those in
-- p_except; no row if there is none. Whether the agent has room is for the caller to know, who has locked the agent.
--
-- The heads of the audiences are read without a lock and gone through in order. Each is locked by a search in its audience
-- that ends at the best task so far, so a second task is locked only where the first head was held by another transaction.
-- SKIP LOCKED: nothing in here waits for a row of another transaction. p_tags narrows the search to tasks that have all of them; where
-- the first five hundred of an audience have none, it goes on over the index of the tags.
CREATE OR REPLACE FUNCTION take_task(
  p_agent_id text, p_capabilities text[], p_accepts_inbox boolean, p_tags text[], p_except text[],
  p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
) RETURNS TABLE (
  id text, status task_status, run_count int, audience bigint,
  priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql
SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  head record; taken record; best record; bound record;
BEGIN
  -- Behind every task.
  SELECT NULL::text AS id, NULL::task_status AS status, 0 AS run_count, 0::bigint AS audience, 'LOW'::task_priority AS priority,
    'infinity'::timestamptz AS due, 'infinity'::timestamptz AS created_at, 9223372036854775807 AS number INTO best;

  FOR head IN SELECT * FROM open_heads(p_agent_id, p_capabilities, p_accepts_inbox, p_except, p_timeout_ms, p_default_gateway, p_gateways) LOOP
    EXIT WHEN (head.priority, head.due, head.created_at, head.number) > (best.priority, best.due, best.created_at, best.number);

    IF head.status = 'ASSIGNED' THEN
      SELECT t.id, t.status, t.run_count, head.audience AS audience, t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
      INTO taken FROM tasks t
      WHERE t.assignee_id = p_agent_id AND t.status = 'ASSIGNED' AND t.open_dependencies = 0 AND t.not_before IS NULL
        AND task_audience(t.requires, t.released_by) = head.audience AND t.requires = head.requires AND (p_tags IS NULL OR t.tags @> p_tags)
        AND (t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number) < (best.priority, best.due, best.created_at, best.number)
      ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    ELSE
      bound := best;
      IF p_tags IS NOT NULL THEN
        -- Only so far is the audience walked through for the tags.
        SELECT NULL::text AS id, NULL::task_status AS status, 0 AS run_count, 0::bigint AS audience, t.priority,
          coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number INTO taken FROM tasks t
        WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND task_audience(t.requires, t.released_by) = head.audience
        ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1 OFFSET 500;
        IF FOUND AND (taken.priority, taken.due, taken.created_at, taken.number) < (best.priority, best.due, best.created_at, best.number) THEN
          bound := taken;
        END IF;
      END IF;

      SELECT t.id, t.status, t.run_count, head.audience AS audience, t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
      INTO taken FROM tasks t
      WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND t.id <> ALL(p_except)
        AND task_audience(t.requires, t.released_by) = head.audience AND t.requires = head.requires AND t.released_by = head.released_by
        AND (p_tags IS NULL OR t.tags @> p_tags)
        AND (t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number) < (bound.priority, bound.due, bound.created_at, bound.number)
      ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;

      IF taken.id IS NULL AND bound.number IS DISTINCT FROM best.number THEN
        SELECT t.id, t.status, t.run_count, t.audience, t.priority, t.due, t.created_at, t.number INTO taken
        FROM take_tagged_task(p_tags, head.requires, head.released_by, p_except, best.priority, best.due, best.created_at, best.number) t;
      END IF;
    END IF;

    IF taken.id IS NOT NULL THEN
      best := taken;
    END IF;
  END LOOP;

  IF best.id IS NOT NULL THEN
    RETURN QUERY SELECT best.id, best.status, best.run_count, best.audience, best.priority, best.due, best.created_at, best.number;
  END IF;
END $$;

-- One number for all tasks that the same agents may have: those with the same requirements that the same agents have
-- handed back. 0 stands for the tasks that any agent may have. The indexes of the two queues lead with it, so a claim reads
-- one head for each audience and never walks past tasks that are not for its agent.
-- A hash and not a table of the distinct sets: nothing has to be kept, locked or cleaned up. Who selects by it also
-- compares the sets, so two sets with the same hash do no harm. Never change this text without building the indexes again.
CREATE OR REPLACE FUNCTION task_audience(requires text[], released_by text[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN requires = '{}' AND released_by = '{}' THEN 0
    ELSE (hash_array_extended(requires, 0) # hash_array_extended(released_by, 1)) & 9223372036854775807 | 1 END
$$;

UPDATE "agents" SET "capabilities" = '{}' WHERE "capabilities" IS NULL;
ALTER TABLE "agents" ALTER COLUMN "capabilities" SET NOT NULL;
ALTER TABLE "tasks" ALTER COLUMN "requires" SET NOT NULL, ALTER COLUMN "released_by" SET NOT NULL;
ALTER TABLE "recurring_tasks" ALTER COLUMN "requires" SET NOT NULL;
ALTER TABLE "pipeline_steps" ALTER COLUMN "requires" SET NOT NULL;

-- A reviewer that is sent work is there for reviews: it got no task of the inbox before.
UPDATE "agents" SET "accepts_inbox" = false WHERE "role" = 'reviewer' AND "delivery" = 'PUSH';

-- Every assignee counts as named, unless the log says that its agent took the task from the inbox.
UPDATE "tasks" SET "pinned" = coalesce((
    SELECT e."type" = 'task.assigned' FROM "events" e
    WHERE e."task_id" = "tasks"."id" AND (e."type" = 'task.assigned' OR (e."type" = 'task.claimed' AND e."payload"->>'from' = 'INBOX'))
    ORDER BY e."id" DESC LIMIT 1), true)
  WHERE "assignee_id" IS NOT NULL;
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_pinned_has_assignee" CHECK (NOT "pinned" OR "assignee_id" IS NOT NULL);

-- The queues of a claim, by audience: a claim reads the head of each audience that its agent belongs to.
DROP INDEX "tasks_inbox_queue";
CREATE INDEX "tasks_inbox_queue" ON "tasks" ((task_audience("requires", "released_by")), "priority", (coalesce("due_at", 'infinity'::timestamptz)), "created_at", "number")
  WHERE "status" = 'INBOX' AND "open_dependencies" = 0 AND "not_before" IS NULL;
DROP INDEX "tasks_assigned_queue";
CREATE INDEX "tasks_assigned_queue" ON "tasks" ("assignee_id", (task_audience("requires", "released_by")), "priority", (coalesce("due_at", 'infinity'::timestamptz)), "created_at", "number")
  WHERE "status" = 'ASSIGNED' AND "open_dependencies" = 0 AND "not_before" IS NULL;
-- For claims that are narrowed to tags. Most tasks have none and are not in it.
CREATE INDEX "tasks_waiting_tags" ON "tasks" USING gin ("tags")
  WHERE "current_run_id" IS NULL AND "completed_at" IS NULL AND "tags" <> '{}';
-- Tasks that wait for the agent that knows them, and go to the inbox if it is silent: the few that were rejected.
CREATE INDEX "tasks_assigned_unpinned" ON "tasks" ("assignee_id") WHERE "status" = 'ASSIGNED' AND NOT "pinned";
