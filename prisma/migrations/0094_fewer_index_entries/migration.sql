-- A claim wrote a new entry in each of ten indexes. Few tasks are in progress, so a list in one of these orders can collect and sort
-- them: without them in the indexes, a claim writes five entries. A list by creation still reads them in order, from tasks_status_idx.
DROP INDEX "tasks_status_updated_idx", "tasks_status_at_idx", "tasks_priority_idx", "tasks_queue_order_idx", "tasks_started_idx", "tasks_due_idx";
CREATE INDEX "tasks_status_updated_idx" ON "tasks" ("status", "updated_at", "number") WHERE "status" <> 'IN_PROGRESS';
CREATE INDEX "tasks_status_at_idx" ON "tasks" ("status", "status_at", "number") WHERE "status" <> 'IN_PROGRESS';
CREATE INDEX "tasks_priority_idx" ON "tasks" ("status", "priority", "number") WHERE "status" <> 'IN_PROGRESS';
CREATE INDEX "tasks_queue_order_idx" ON "tasks" ("status", "priority", (coalesce("due_at", 'infinity'::timestamptz)), "created_at", "number")
  WHERE "status" <> 'IN_PROGRESS';
CREATE INDEX "tasks_started_idx" ON "tasks" ("status", "started_at", "number") WHERE "started_at" IS NOT NULL AND "status" <> 'IN_PROGRESS';
CREATE INDEX "tasks_due_idx" ON "tasks" ("status", "due_at", "number") WHERE "due_at" IS NOT NULL AND "status" <> 'IN_PROGRESS';

-- The condition holds always. PostgreSQL expects a partial index of a table with old statistics to be larger than one of all rows: without
-- it, the planner would read this index whole, and sort, in the place of those above.
DROP INDEX "tasks_status_idx";
CREATE INDEX "tasks_status_idx" ON "tasks" ("status", "created_at", "number") WHERE "status" IS NOT NULL;

-- A task ends with its last change of status, so tasks_status_at_idx has the ended tasks in the order of their ends.
UPDATE "tasks" SET "status_at" = "completed_at" WHERE "completed_at" IS NOT NULL AND "status_at" <> "completed_at";
DROP INDEX "tasks_ended_idx", "tasks_failed_idx";

-- One index for the tasks that an agent created and for those of them that are open.
DROP INDEX "tasks_open_by_creator", "tasks_created_by_idx";
CREATE INDEX "tasks_created_by_idx" ON "tasks" ("created_by_agent_id", "status") WHERE "created_by_agent_id" IS NOT NULL;

-- How many open tasks this agent has created, up to one more than p_most. The lock makes the transactions that create tasks for
-- one agent count one after the other: each sees the tasks of those that committed before. A statement sees only what was
-- committed when it began, so lock and count are two statements of a volatile function, and not one statement.
CREATE OR REPLACE FUNCTION count_open_tasks(p_agent_id text, p_most int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('mission_control.open_tasks.' || p_agent_id, 0));
  RETURN (SELECT count(*)::int FROM (SELECT FROM tasks
    WHERE created_by_agent_id = p_agent_id AND status IN ('INBOX', 'ASSIGNED', 'IN_PROGRESS', 'INPUT_REQUIRED', 'REVIEW', 'REJECTED') LIMIT p_most + 1) t);
END $$;
