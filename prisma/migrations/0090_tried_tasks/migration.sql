-- The few tasks that wait again after an attempt: those of a model, or whose work was rejected, are found here and not among all that wait.
CREATE INDEX "tasks_tried_idx" ON "tasks" ("status", "number") WHERE "run_count" > 0 AND "status" IN ('INBOX', 'ASSIGNED');
