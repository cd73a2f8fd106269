-- Lists by the time of the last change of status, and by the begin of the latest attempt. Those without an attempt that still wait are
-- found in tasks_priority_idx; the others are few, so the second and third index have no entry of a usual task twice.
CREATE INDEX "tasks_status_at_idx" ON "tasks"("status", "status_at", "number");
CREATE INDEX "tasks_started_idx" ON "tasks" ("status", "started_at", "number") WHERE "started_at" IS NOT NULL;
CREATE INDEX "tasks_unstarted_idx" ON "tasks" ("status", "number") WHERE "started_at" IS NULL AND "status" NOT IN ('INBOX', 'ASSIGNED');

-- A task that was never rejected, and a run without a model, have no entry.
CREATE INDEX "tasks_rejected_idx" ON "tasks" ("status", "number") WHERE "review_cycles" > 0;
CREATE INDEX "task_runs_model_idx" ON "task_runs" ("model", "task_id") WHERE "model" IS NOT NULL;

-- The tags that tasks have or had. The job that writes the texts of tasks adds them; they are sorted by their bytes, so that those with
-- a prefix are neighbours.
CREATE TABLE "task_tags" (
    "tag" TEXT COLLATE "C" NOT NULL,
    CONSTRAINT "task_tags_pkey" PRIMARY KEY ("tag")
);
INSERT INTO "task_tags" ("tag") SELECT DISTINCT unnest("tags") FROM "tasks" WHERE "tags" <> '{}';

-- What the runs of an agent cost. A run that reports no cost has no entry.
CREATE INDEX "task_runs_cost_idx" ON "task_runs" ("agent_id", "finished_at") INCLUDE ("cost_usd") WHERE "cost_usd" IS NOT NULL;
