-- Why a run lost its task to another than its holder: the next heartbeats of its agent say so.
ALTER TABLE "task_runs" ADD COLUMN     "lost_reason" TEXT;
