-- The runs that servers hold, at most as many as they make calls: every turn of the dispatcher looks for those whose owner
-- is gone, and must not walk past the runs of agents that ask, of which there may be tens of thousands.
CREATE INDEX "task_runs_open_dispatched" ON "task_runs" ("lease_expires_at") WHERE "outcome" = 'RUNNING' AND "trigger" = 'DISPATCH';
