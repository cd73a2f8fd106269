-- For the number of open tasks that one agent has created. Tasks that an API key of a person or a program has created are not in
-- it, and neither are those that have ended.
CREATE INDEX "tasks_open_by_creator" ON "tasks" ("created_by_agent_id")
  WHERE "created_by_agent_id" IS NOT NULL AND "status" NOT IN ('DONE', 'FAILED', 'CANCELLED');

-- How many open tasks this agent has created, up to one more than p_most. The lock makes the transactions that create tasks for
-- one agent count one after the other: each sees the tasks of those that committed before. A statement sees only what was
-- committed when it began, so lock and count are two statements of a volatile function, and not one statement.
CREATE OR REPLACE FUNCTION count_open_tasks(p_agent_id text, p_most int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('mission_control.open_tasks.' || p_agent_id, 0));
  RETURN (SELECT count(*)::int FROM (SELECT FROM tasks
    WHERE created_by_agent_id = p_agent_id AND status NOT IN ('DONE', 'FAILED', 'CANCELLED') LIMIT p_most + 1) t);
END $$;
