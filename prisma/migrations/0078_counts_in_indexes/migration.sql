-- A month of 50 agents is 64,000 counts. With the count in the index, the statistics do not read the table: half the time.
CREATE INDEX "agent_days_counts_idx" ON "agent_days" ("agent_id", "day") INCLUDE ("kind", "bucket", "count");

-- One index of all pins made a pin of an ended task look as frequent as ended tasks are: the planner then read all of them.
DROP INDEX "tasks_pinned_idx";
CREATE INDEX "tasks_pinned_idx" ON "tasks" ("status", "number") WHERE "pinned" AND "status" NOT IN ('DONE', 'FAILED', 'CANCELLED');
CREATE INDEX "tasks_ended_pinned_idx" ON "tasks" ("status", "number") WHERE "pinned" AND "status" IN ('DONE', 'FAILED', 'CANCELLED');
