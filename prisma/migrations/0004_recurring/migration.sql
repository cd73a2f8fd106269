-- AlterTable
ALTER TABLE "recurring_firings" ADD COLUMN     "by_hand" BOOLEAN NOT NULL DEFAULT false;

-- AlterTable
ALTER TABLE "recurring_tasks" ADD COLUMN     "fire_count" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "last_skip_reason" TEXT,
ADD COLUMN     "last_skipped_at" TIMESTAMPTZ(3);


-- Everything below is written by hand: what Prisma's schema language can't say.

-- What is due, and what is due next. A paused one has no due time.
ALTER TABLE "recurring_tasks" ADD CONSTRAINT "recurring_tasks_paused_is_not_due" CHECK ("paused_at" IS NULL OR "next_due_at" IS NULL);
CREATE INDEX "recurring_tasks_due_idx" ON "recurring_tasks" ("next_due_at") WHERE "next_due_at" IS NOT NULL;

-- A removed recurring task leaves its tasks as they are, and its id on them: with a foreign key each of them, and there
-- may be a million, would be written anew.
ALTER TABLE "tasks" DROP CONSTRAINT "tasks_recurring_task_id_fkey";

-- The tasks of one recurring task in the order of lists, and those of them that are open, for `overlap`.
CREATE INDEX "tasks_recurring_created_idx" ON "tasks" ("recurring_task_id", "created_at", "number") WHERE "recurring_task_id" IS NOT NULL;
CREATE INDEX "tasks_recurring_open_idx" ON "tasks" ("recurring_task_id") WHERE "recurring_task_id" IS NOT NULL AND "status" NOT IN ('DONE', 'FAILED', 'CANCELLED');
