-- Why a reviewer lost a round to another: the next heartbeats of its agent say so.
ALTER TABLE "review_runs" ADD COLUMN     "lost_reason" TEXT;

-- Heartbeats read the runs that an agent lost in the last hour. Few runs are lost, so the index is small.
CREATE INDEX "review_runs_lost_by_agent" ON "review_runs" ("agent_id", "finished_at") WHERE "lost_reason" IS NOT NULL;

-- A limit of the reviewer's provider is waited for by every process, and is no failure.
ALTER TABLE "review_runs" DROP CONSTRAINT "review_runs_failure_has_sequel";
ALTER TABLE "review_runs" ADD CONSTRAINT "review_runs_failure_has_sequel" CHECK (
  ("retry_at" IS NULL AND "escalated_at" IS NULL)
  OR "outcome" IN ('FAILED', 'TIMED_OUT')
  OR ("outcome" = 'RELEASED' AND "escalated_at" IS NULL));

-- The tasks that rest after a failed attempt or a limit: few, however many start later.
CREATE INDEX "tasks_backoff_idx" ON "tasks" ("backoff_until") WHERE "backoff_until" IS NOT NULL AND "status" IN ('INBOX', 'ASSIGNED');
