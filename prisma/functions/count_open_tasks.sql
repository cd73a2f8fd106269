-- How many open tasks this agent has created, up to one more than p_most. The lock makes the transactions that create tasks for
-- one agent count one after the other: each sees the tasks of those that committed before. A statement sees only what was
-- committed when it began, so lock and count are two statements of a volatile function, and not one statement.
CREATE OR REPLACE FUNCTION count_open_tasks(p_agent_id text, p_most int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('mission_control.open_tasks.' || p_agent_id, 0));
  RETURN (SELECT count(*)::int FROM (SELECT FROM tasks
    WHERE created_by_agent_id = p_agent_id AND status IN ('INBOX', 'ASSIGNED', 'IN_PROGRESS', 'INPUT_REQUIRED', 'REVIEW', 'REJECTED') LIMIT p_most + 1) t);
END $$;
