-- The requirements of tasks that wait and of tasks that ended, like the tags: one index of all would be written with every claim,
-- and a list would read it for each status. The cardinality is a condition that the planner expects to hold nearly always;
-- with "requires" <> '{}' it would multiply the share of a requirement with the share of tasks that require anything.
DROP INDEX "tasks_requires_idx";
CREATE INDEX "tasks_waiting_requires" ON "tasks" USING gin ("requires")
  WHERE "current_run_id" IS NULL AND "completed_at" IS NULL AND cardinality("requires") <> 0;
CREATE INDEX "tasks_ended_requires" ON "tasks" USING gin ("requires")
  WHERE "status" IN ('DONE', 'FAILED', 'CANCELLED') AND cardinality("requires") <> 0;

-- The tasks that an agent may see because it created them, worked on them or reviewed them.
CREATE INDEX "tasks_created_by_idx" ON "tasks" ("created_by_agent_id") WHERE "created_by_agent_id" IS NOT NULL;
CREATE INDEX "review_runs_agent_idx" ON "review_runs"("agent_id", "task_id");
DROP INDEX "task_runs_agent_finished_idx";
CREATE INDEX "task_runs_agent_finished_idx" ON "task_runs"("agent_id", "finished_at", "task_id");
