-- AlterTable
ALTER TABLE "pipeline_runs" ADD COLUMN     "cancelled_at" TIMESTAMPTZ(3),
ADD COLUMN     "pipeline_version" INTEGER NOT NULL DEFAULT 1;

-- AlterTable
ALTER TABLE "pipeline_steps" ADD COLUMN     "on_dependency_failure" "dependency_failure_policy" NOT NULL DEFAULT 'BLOCK';

-- AlterTable
ALTER TABLE "pipelines" ADD COLUMN     "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- CreateTable
CREATE TABLE "follow_ups" (
    "run_id" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "task_id" TEXT NOT NULL,

    CONSTRAINT "follow_ups_pkey" PRIMARY KEY ("run_id","position")
);

-- AddForeignKey
ALTER TABLE "follow_ups" ADD CONSTRAINT "follow_ups_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "task_runs"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "follow_ups" ADD CONSTRAINT "follow_ups_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE NO ACTION;


-- Everything below is written by hand: what Prisma's schema language can't say.

-- A pipeline run's own part of the log; what happens to its tasks is found by task.
CREATE INDEX "events_pipeline_run_idx" ON "events" ("pipeline_run_id", "xid", "id") WHERE "pipeline_run_id" IS NOT NULL;

ALTER TABLE "pipelines" ADD CONSTRAINT "pipelines_name_form" CHECK ("name" ~ '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$');
ALTER TABLE "pipeline_steps" ADD CONSTRAINT "pipeline_steps_key_form" CHECK ("key" ~ '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$');
ALTER TABLE "pipeline_runs" ADD CONSTRAINT "pipeline_runs_ended_has_end" CHECK (("status" = 'RUNNING') = ("finished_at" IS NULL));
