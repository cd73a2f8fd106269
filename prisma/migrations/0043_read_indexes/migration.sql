-- What operators ask of a million tasks. An index that begins with the status answers a list of several statuses as the
-- merged heads of its entries; with one index for all statuses a list would walk over the 800,000 tasks that are done.
DROP INDEX "tasks_updated_idx";
CREATE INDEX "tasks_status_updated_idx" ON "tasks"("status", "updated_at", "number");
CREATE INDEX "tasks_priority_idx" ON "tasks"("status", "priority", "number");
CREATE INDEX "tasks_queue_order_idx" ON "tasks" ("status", "priority", (coalesce("due_at", 'infinity'::timestamptz)), "created_at", "number");

-- The rest is partial, so that a task without such a value is in none of them.
CREATE INDEX "tasks_due_idx" ON "tasks" ("status", "due_at", "number") WHERE "due_at" IS NOT NULL;
CREATE INDEX "tasks_unassigned_idx" ON "tasks" ("status", "number") WHERE "assignee_id" IS NULL AND "status" NOT IN ('INBOX', 'CANCELLED');
CREATE INDEX "tasks_pinned_idx" ON "tasks" ("status", "number") WHERE "pinned";
CREATE INDEX "tasks_blocked_idx" ON "tasks" ("status", "number") WHERE "open_dependencies" > 0 AND "status" IN ('INBOX', 'ASSIGNED');
CREATE INDEX "tasks_requires_idx" ON "tasks" USING gin ("requires") WHERE "requires" <> '{}';
-- tasks_waiting_tags has the tags of tasks that wait. A task comes here once, when it ends.
CREATE INDEX "tasks_ended_tags" ON "tasks" USING gin ("tags") WHERE "status" IN ('DONE', 'FAILED', 'CANCELLED') AND "tags" <> '{}';

-- Which statuses have a pin. Without it, the planner expects to meet a DONE task with a pin soon, and reads all of them.
CREATE STATISTICS "tasks_status_pinned" (mcv) ON "status", "pinned" FROM "tasks";

-- The log by type and by agent. Both are read in the order of the log, so entries are added at the end of each type or agent.
-- The condition on the type holds always. It keeps the index away from statements that name no type: PostgreSQL 18 could skip
-- through its types, and does so while the statistics say that the log is empty.
CREATE INDEX "events_type_idx" ON "events" ("type", "id") WHERE "type" <> '';
CREATE INDEX "events_agent_idx" ON "events" ("agent_id", "id") WHERE "agent_id" IS NOT NULL;
CREATE INDEX "events_actor_idx" ON "events" ("actor_agent_id", "id") WHERE "actor_agent_id" IS NOT NULL AND "actor_agent_id" IS DISTINCT FROM "agent_id";

-- When tasks ended, for the throughput.
CREATE INDEX "tasks_ended_idx" ON "tasks" ("completed_at", "status") WHERE "completed_at" IS NOT NULL;
