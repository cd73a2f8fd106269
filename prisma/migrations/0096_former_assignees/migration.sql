-- The agents that a task has left after an attempt of theirs succeeded. They go on seeing it. With it and the attempts that ended without
-- success, a list for an agent need not look at the thousands of tasks that the agent has done.
CREATE TABLE "former_assignees" (
    "agent_id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    CONSTRAINT "former_assignees_pkey" PRIMARY KEY ("agent_id", "task_id")
);
INSERT INTO "former_assignees" ("agent_id", "task_id") SELECT DISTINCT r."agent_id", t."id"
  FROM "task_runs" r JOIN "tasks" t ON t."id" = r."task_id" WHERE r."outcome" = 'SUCCEEDED' AND t."assignee_id" IS DISTINCT FROM r."agent_id";

-- The attempts of an agent that ended without success, as well as those that it lost.
DROP INDEX "task_runs_lost_by_agent";
CREATE INDEX "task_runs_lost_by_agent" ON "task_runs" ("agent_id", "finished_at", "task_id")
  WHERE "lost_reason" IS NOT NULL OR "outcome" NOT IN ('RUNNING', 'SUCCEEDED');

-- An open run has no entry, so a claim does not write it. All ended runs have one. No other statement has this condition: those that read
-- other indexes keep to them, also while the statistics are of an almost empty table.
DROP INDEX "task_runs_agent_finished_idx";
CREATE INDEX "task_runs_agent_ended_idx" ON "task_runs" ("agent_id", "finished_at") WHERE "finished_at" >= '-infinity';
