-- Lists of runs by agent, and of the runs that ended without success. Ids sort by time, so entries are added at the end of each
-- agent or outcome. A run that succeeds has no entry in the second one, so it costs the usual run nothing.
CREATE INDEX "task_runs_agent_idx" ON "task_runs"("agent_id", "id");
CREATE INDEX "task_runs_ended_idx" ON "task_runs" ("outcome", "id") WHERE "outcome" NOT IN ('RUNNING', 'SUCCEEDED');
