-- AlterTable
ALTER TABLE "review_runs" ADD COLUMN     "cost_usd" DOUBLE PRECISION,
ADD COLUMN     "dispatcher" TEXT,
ADD COLUMN     "escalated_at" TIMESTAMPTZ(3),
ADD COLUMN     "input_tokens" INTEGER,
ADD COLUMN     "output_tokens" INTEGER,
ADD COLUMN     "retry_at" TIMESTAMPTZ(3);


-- Only a failure of the reviewer rests the round or leaves it to a person.
ALTER TABLE "review_runs" ADD CONSTRAINT "review_runs_failure_has_sequel"
  CHECK (("retry_at" IS NULL AND "escalated_at" IS NULL) OR "outcome" IN ('FAILED', 'TIMED_OUT'));

-- What a reviewer holds: its capacity is counted here, a handful of entries.
CREATE INDEX "review_runs_open_by_agent" ON "review_runs" ("agent_id") WHERE "outcome" = 'RUNNING';
-- When the next round has rested: one step behind now.
CREATE INDEX "review_runs_retry_idx" ON "review_runs" ("retry_at") WHERE "retry_at" IS NOT NULL;
