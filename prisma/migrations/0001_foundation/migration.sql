-- CreateEnum
CREATE TYPE "task_status" AS ENUM ('INBOX', 'ASSIGNED', 'IN_PROGRESS', 'REVIEW', 'REJECTED', 'DONE', 'FAILED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "task_priority" AS ENUM ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW');

-- CreateEnum
CREATE TYPE "task_failure_reason" AS ENUM ('DISPATCH_ATTEMPTS_EXHAUSTED', 'REVIEW_CYCLES_EXHAUSTED', 'STALE_REQUEUES_EXHAUSTED', 'FAILED_BY_AGENT', 'FAILED_BY_OPERATOR');

-- CreateEnum
CREATE TYPE "review_policy" AS ENUM ('REQUIRED', 'SKIP');

-- CreateEnum
CREATE TYPE "dependency_failure_policy" AS ENUM ('BLOCK', 'CANCEL', 'PROCEED');

-- CreateEnum
CREATE TYPE "run_outcome" AS ENUM ('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'RELEASED', 'REQUEUED', 'CANCELLED');

-- CreateEnum
CREATE TYPE "run_trigger" AS ENUM ('CLAIM', 'DISPATCH');

-- CreateEnum
CREATE TYPE "model_tier" AS ENUM ('OVERRIDE', 'COMPLEX', 'ROUTINE', 'DEFAULT');

-- CreateEnum
CREATE TYPE "verdict" AS ENUM ('APPROVED', 'REJECTED');

-- CreateEnum
CREATE TYPE "agent_status" AS ENUM ('OFFLINE', 'IDLE', 'BUSY', 'PAUSED', 'ERROR');

-- CreateEnum
CREATE TYPE "agent_delivery" AS ENUM ('PULL', 'PUSH');

-- CreateEnum
CREATE TYPE "api_key_role" AS ENUM ('VIEWER', 'AGENT', 'OPERATOR', 'ADMIN');

-- CreateEnum
CREATE TYPE "catch_up_policy" AS ENUM ('SKIP', 'LATEST', 'ALL');

-- CreateEnum
CREATE TYPE "overlap_policy" AS ENUM ('ALLOW', 'SKIP', 'REPLACE');

-- CreateEnum
CREATE TYPE "pipeline_run_status" AS ENUM ('RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED');

-- CreateTable
CREATE TABLE "agents" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "capabilities" TEXT[],
    "max_capacity" SMALLINT NOT NULL DEFAULT 1,
    "delivery" "agent_delivery" NOT NULL DEFAULT 'PULL',
    "soul" TEXT,
    "dispatch_model" TEXT,
    "default_model" TEXT,
    "gateway" TEXT,
    "gateway_agent_id" TEXT,
    "timeout_ms" BIGINT,
    "config_extra" JSONB NOT NULL DEFAULT '{}',
    "paused_at" TIMESTAMPTZ(3),
    "error_at" TIMESTAMPTZ(3),
    "last_seen_at" TIMESTAMPTZ(3),
    "last_heartbeat_at" TIMESTAMPTZ(3),
    "announced_status" "agent_status" NOT NULL DEFAULT 'OFFLINE',
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "agents_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" BYTEA NOT NULL,
    "role" "api_key_role" NOT NULL,
    "agent_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tasks" (
    "id" TEXT NOT NULL,
    "number" BIGSERIAL NOT NULL,
    "title" TEXT NOT NULL,
    "description" TEXT,
    "status" "task_status" NOT NULL,
    "priority" "task_priority" NOT NULL DEFAULT 'MEDIUM',
    "tags" TEXT[],
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "assignee_id" TEXT,
    "created_by_key_id" TEXT,
    "created_by_agent_id" TEXT,
    "due_at" TIMESTAMPTZ(3),
    "starts_at" TIMESTAMPTZ(3),
    "not_before" TIMESTAMPTZ(3),
    "backoff_until" TIMESTAMPTZ(3),
    "open_dependencies" INTEGER NOT NULL DEFAULT 0,
    "on_dependency_failure" "dependency_failure_policy" NOT NULL DEFAULT 'BLOCK',
    "current_run_id" TEXT,
    "run_count" INTEGER NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 1,
    "resolution" TEXT,
    "unreviewed" BOOLEAN NOT NULL DEFAULT false,
    "failure_reason" "task_failure_reason",
    "failure_detail" TEXT,
    "review_policy" "review_policy" NOT NULL DEFAULT 'REQUIRED',
    "dispatch_attempts" SMALLINT NOT NULL DEFAULT 0,
    "review_cycles" SMALLINT NOT NULL DEFAULT 0,
    "stale_requeues" SMALLINT NOT NULL DEFAULT 0,
    "review_round" INTEGER NOT NULL DEFAULT 0,
    "recurring_task_id" TEXT,
    "scheduled_for" TIMESTAMPTZ(3),
    "pipeline_run_id" TEXT,
    "pipeline_step_key" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "status_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "completed_at" TIMESTAMPTZ(3),

    CONSTRAINT "tasks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_dependencies" (
    "task_id" TEXT NOT NULL,
    "depends_on_id" TEXT NOT NULL,
    "settled_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "task_dependencies_pkey" PRIMARY KEY ("task_id","depends_on_id")
);

-- CreateTable
CREATE TABLE "task_runs" (
    "id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "trigger" "run_trigger" NOT NULL,
    "outcome" "run_outcome" NOT NULL DEFAULT 'RUNNING',
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "lease_ms" INTEGER NOT NULL,
    "lease_expires_at" TIMESTAMPTZ(3),
    "lease_expiry_noted_at" TIMESTAMPTZ(3),
    "progress" TEXT,
    "progress_percent" DOUBLE PRECISION,
    "model" TEXT,
    "model_tier" "model_tier",
    "model_signals" TEXT[],
    "gateway" TEXT,
    "gateway_run_id" TEXT,
    "gateway_state" JSONB,
    "idempotency_key" TEXT,
    "prompt" TEXT,
    "output" TEXT,
    "error" TEXT,
    "input_tokens" INTEGER,
    "output_tokens" INTEGER,
    "cost_usd" DOUBLE PRECISION,

    CONSTRAINT "task_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "comments" (
    "id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "author_key_id" TEXT,
    "author_agent_id" TEXT,
    "in_reply_to_id" TEXT,
    "body" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "comments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "quality_reviews" (
    "id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "round" INTEGER NOT NULL,
    "run_id" TEXT,
    "reviewer_key_id" TEXT,
    "reviewer_agent_id" TEXT,
    "verdict" "verdict" NOT NULL,
    "feedback" TEXT,
    "superseded" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "quality_reviews_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "review_runs" (
    "id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "round" INTEGER NOT NULL,
    "agent_id" TEXT NOT NULL,
    "trigger" "run_trigger" NOT NULL DEFAULT 'CLAIM',
    "outcome" "run_outcome" NOT NULL DEFAULT 'RUNNING',
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "lease_ms" INTEGER NOT NULL,
    "lease_expires_at" TIMESTAMPTZ(3),
    "model" TEXT,
    "gateway" TEXT,
    "gateway_run_id" TEXT,
    "gateway_state" JSONB,
    "idempotency_key" TEXT,
    "prompt" TEXT,
    "output" TEXT,
    "error" TEXT,

    CONSTRAINT "review_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events" (
    "id" BIGSERIAL NOT NULL,
    "xid" BIGINT NOT NULL DEFAULT ((pg_current_xact_id())::text)::bigint,
    "type" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor_key_id" TEXT,
    "actor_agent_id" TEXT,
    "task_id" TEXT,
    "agent_id" TEXT,
    "run_id" TEXT,
    "review_id" TEXT,
    "comment_id" TEXT,
    "key_id" TEXT,
    "recurring_task_id" TEXT,
    "pipeline_run_id" TEXT,
    "payload" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_horizon" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "xid" BIGINT NOT NULL DEFAULT 0,
    "event_id" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_horizon_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "scope" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("scope","operation","key")
);

-- CreateTable
CREATE TABLE "scheduler_jobs" (
    "name" TEXT NOT NULL,
    "paused_at" TIMESTAMPTZ(3),
    "last_run_at" TIMESTAMPTZ(3),
    "last_duration_ms" INTEGER,
    "last_handled" INTEGER,
    "last_error" TEXT,

    CONSTRAINT "scheduler_jobs_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "recurring_tasks" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "schedule" TEXT NOT NULL,
    "cron" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL DEFAULT 'UTC',
    "catch_up" "catch_up_policy" NOT NULL DEFAULT 'SKIP',
    "overlap" "overlap_policy" NOT NULL DEFAULT 'ALLOW',
    "paused_at" TIMESTAMPTZ(3),
    "title" TEXT NOT NULL,
    "description" TEXT,
    "priority" "task_priority" NOT NULL DEFAULT 'MEDIUM',
    "assignee_id" TEXT,
    "tags" TEXT[],
    "due_in_ms" BIGINT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "review_policy" "review_policy" NOT NULL DEFAULT 'REQUIRED',
    "next_due_at" TIMESTAMPTZ(3),
    "last_fired_at" TIMESTAMPTZ(3),
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "recurring_tasks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "recurring_firings" (
    "recurring_task_id" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "fired_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "task_id" TEXT,
    "skipped_reason" TEXT,

    CONSTRAINT "recurring_firings_pkey" PRIMARY KEY ("recurring_task_id","due_at")
);

-- CreateTable
CREATE TABLE "pipelines" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "pipelines_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pipeline_steps" (
    "pipeline_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "depends_on" TEXT[],
    "title" TEXT NOT NULL,
    "description" TEXT,
    "priority" "task_priority" NOT NULL DEFAULT 'MEDIUM',
    "assignee_name" TEXT,
    "tags" TEXT[],
    "due_in_ms" BIGINT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "review_policy" "review_policy" NOT NULL DEFAULT 'REQUIRED',

    CONSTRAINT "pipeline_steps_pkey" PRIMARY KEY ("pipeline_id","key")
);

-- CreateTable
CREATE TABLE "pipeline_runs" (
    "id" TEXT NOT NULL,
    "pipeline_id" TEXT NOT NULL,
    "status" "pipeline_run_status" NOT NULL DEFAULT 'RUNNING',
    "variables" JSONB NOT NULL DEFAULT '{}',
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "pipeline_runs_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "agents_name_key" ON "agents"("name");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_hash_key" ON "api_keys"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "tasks_number_key" ON "tasks"("number");

-- CreateIndex
CREATE INDEX "tasks_created_idx" ON "tasks"("created_at", "number");

-- CreateIndex
CREATE INDEX "tasks_updated_idx" ON "tasks"("updated_at", "number");

-- CreateIndex
CREATE INDEX "tasks_assignee_status_idx" ON "tasks"("assignee_id", "status");

-- CreateIndex
CREATE INDEX "task_dependencies_depends_on_idx" ON "task_dependencies"("depends_on_id");

-- CreateIndex
CREATE INDEX "task_runs_agent_finished_idx" ON "task_runs"("agent_id", "finished_at");

-- CreateIndex
CREATE UNIQUE INDEX "task_runs_task_number_key" ON "task_runs"("task_id", "number");

-- CreateIndex
CREATE INDEX "comments_task_created_idx" ON "comments"("task_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "quality_reviews_task_created_idx" ON "quality_reviews"("task_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "quality_reviews_created_idx" ON "quality_reviews"("created_at");

-- CreateIndex
CREATE INDEX "review_runs_task_round_idx" ON "review_runs"("task_id", "round");

-- CreateIndex
CREATE INDEX "events_position_idx" ON "events"("xid", "id");

-- CreateIndex
CREATE INDEX "events_task_idx" ON "events"("task_id", "xid", "id");

-- CreateIndex
CREATE INDEX "events_at_idx" ON "events" USING BRIN ("at");

-- CreateIndex
CREATE INDEX "idempotency_keys_created_idx" ON "idempotency_keys"("created_at");

-- CreateIndex
CREATE UNIQUE INDEX "recurring_tasks_name_key" ON "recurring_tasks"("name");

-- CreateIndex
CREATE UNIQUE INDEX "pipelines_name_key" ON "pipelines"("name");

-- CreateIndex
CREATE INDEX "pipeline_runs_pipeline_idx" ON "pipeline_runs"("pipeline_id", "started_at");

-- AddForeignKey
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_assignee_id_fkey" FOREIGN KEY ("assignee_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_created_by_key_id_fkey" FOREIGN KEY ("created_by_key_id") REFERENCES "api_keys"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_created_by_agent_id_fkey" FOREIGN KEY ("created_by_agent_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_recurring_task_id_fkey" FOREIGN KEY ("recurring_task_id") REFERENCES "recurring_tasks"("id") ON DELETE SET NULL ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_pipeline_run_id_fkey" FOREIGN KEY ("pipeline_run_id") REFERENCES "pipeline_runs"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "task_dependencies" ADD CONSTRAINT "task_dependencies_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "task_dependencies" ADD CONSTRAINT "task_dependencies_depends_on_id_fkey" FOREIGN KEY ("depends_on_id") REFERENCES "tasks"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "task_runs" ADD CONSTRAINT "task_runs_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "task_runs" ADD CONSTRAINT "task_runs_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "comments" ADD CONSTRAINT "comments_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "comments" ADD CONSTRAINT "comments_author_key_id_fkey" FOREIGN KEY ("author_key_id") REFERENCES "api_keys"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "comments" ADD CONSTRAINT "comments_author_agent_id_fkey" FOREIGN KEY ("author_agent_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "comments" ADD CONSTRAINT "comments_in_reply_to_id_fkey" FOREIGN KEY ("in_reply_to_id") REFERENCES "comments"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "quality_reviews" ADD CONSTRAINT "quality_reviews_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "quality_reviews" ADD CONSTRAINT "quality_reviews_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "task_runs"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "quality_reviews" ADD CONSTRAINT "quality_reviews_reviewer_key_id_fkey" FOREIGN KEY ("reviewer_key_id") REFERENCES "api_keys"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "quality_reviews" ADD CONSTRAINT "quality_reviews_reviewer_agent_id_fkey" FOREIGN KEY ("reviewer_agent_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "review_runs" ADD CONSTRAINT "review_runs_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "review_runs" ADD CONSTRAINT "review_runs_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "recurring_tasks" ADD CONSTRAINT "recurring_tasks_assignee_id_fkey" FOREIGN KEY ("assignee_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "recurring_firings" ADD CONSTRAINT "recurring_firings_recurring_task_id_fkey" FOREIGN KEY ("recurring_task_id") REFERENCES "recurring_tasks"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "pipeline_steps" ADD CONSTRAINT "pipeline_steps_pipeline_id_fkey" FOREIGN KEY ("pipeline_id") REFERENCES "pipelines"("id") ON DELETE CASCADE ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "pipeline_runs" ADD CONSTRAINT "pipeline_runs_pipeline_id_fkey" FOREIGN KEY ("pipeline_id") REFERENCES "pipelines"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- Everything below is written by hand: what Prisma's schema language can't say.

-- Invariants of a task. They hold whoever writes, so a bug in the server can't break them either.
ALTER TABLE "tasks"
  ADD CONSTRAINT "tasks_running_has_run" CHECK (("status" = 'IN_PROGRESS') = ("current_run_id" IS NOT NULL)),
  ADD CONSTRAINT "tasks_inbox_has_no_assignee" CHECK ("status" <> 'INBOX' OR "assignee_id" IS NULL),
  ADD CONSTRAINT "tasks_active_has_assignee" CHECK ("status" NOT IN ('ASSIGNED', 'IN_PROGRESS') OR "assignee_id" IS NOT NULL),
  ADD CONSTRAINT "tasks_failed_has_reason" CHECK (("status" = 'FAILED') = ("failure_reason" IS NOT NULL)),
  ADD CONSTRAINT "tasks_judged_has_resolution" CHECK ("status" NOT IN ('REVIEW', 'DONE') OR "resolution" IS NOT NULL),
  ADD CONSTRAINT "tasks_ended_has_end" CHECK (("status" IN ('DONE', 'FAILED', 'CANCELLED')) = ("completed_at" IS NOT NULL)),
  ADD CONSTRAINT "tasks_counters" CHECK (
    "dispatch_attempts" BETWEEN 0 AND 5 AND "review_cycles" BETWEEN 0 AND 3 AND "stale_requeues" BETWEEN 0 AND 5
    AND "open_dependencies" >= 0 AND "version" >= 1 AND "run_count" >= 0 AND "review_round" >= 0
  ),
  ADD CONSTRAINT "tasks_one_creator" CHECK ("created_by_key_id" IS NULL OR "created_by_agent_id" IS NULL),
  ADD CONSTRAINT "tasks_title_not_empty" CHECK (length("title") BETWEEN 1 AND 500);

ALTER TABLE "task_runs"
  ADD CONSTRAINT "task_runs_open_or_finished" CHECK (("outcome" = 'RUNNING') = ("finished_at" IS NULL)),
  ADD CONSTRAINT "task_runs_open_has_lease" CHECK ("outcome" <> 'RUNNING' OR "lease_expires_at" IS NOT NULL),
  ADD CONSTRAINT "task_runs_lease_length" CHECK ("lease_ms" BETWEEN 10000 AND 86400000),
  ADD CONSTRAINT "task_runs_percent" CHECK ("progress_percent" BETWEEN 0 AND 100);

ALTER TABLE "review_runs"
  ADD CONSTRAINT "review_runs_open_or_finished" CHECK (("outcome" = 'RUNNING') = ("finished_at" IS NULL)),
  ADD CONSTRAINT "review_runs_open_has_lease" CHECK ("outcome" <> 'RUNNING' OR "lease_expires_at" IS NOT NULL),
  ADD CONSTRAINT "review_runs_lease_length" CHECK ("lease_ms" BETWEEN 10000 AND 86400000);

ALTER TABLE "quality_reviews"
  ADD CONSTRAINT "quality_reviews_rejection_has_feedback" CHECK ("verdict" <> 'REJECTED' OR coalesce("feedback", '') <> ''),
  ADD CONSTRAINT "quality_reviews_one_reviewer" CHECK ("reviewer_key_id" IS NULL OR "reviewer_agent_id" IS NULL);

ALTER TABLE "agents"
  ADD CONSTRAINT "agents_name_form" CHECK ("name" ~ '^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$'),
  ADD CONSTRAINT "agents_capacity" CHECK ("max_capacity" BETWEEN 1 AND 100);

ALTER TABLE "api_keys"
  ADD CONSTRAINT "api_keys_agent_role_has_agent" CHECK (("role" = 'AGENT') = ("agent_id" IS NOT NULL));

ALTER TABLE "task_dependencies"
  ADD CONSTRAINT "task_dependencies_not_itself" CHECK ("task_id" <> "depends_on_id");

ALTER TABLE "event_horizon" ADD CONSTRAINT "event_horizon_one_row" CHECK ("id" = 1);
INSERT INTO "event_horizon" ("id") VALUES (1);

-- At most one live run for a task, at most one live review of a round, at most one verdict that counts for a round.
CREATE UNIQUE INDEX "task_runs_one_open" ON "task_runs" ("task_id") WHERE "outcome" = 'RUNNING';
CREATE UNIQUE INDEX "review_runs_one_open" ON "review_runs" ("task_id", "round") WHERE "outcome" = 'RUNNING';
CREATE UNIQUE INDEX "quality_reviews_one_per_round" ON "quality_reviews" ("task_id", "round") WHERE NOT "superseded";

-- One child per due time, one task per step; partial, because most tasks have neither and every claim would write there.
CREATE UNIQUE INDEX "tasks_recurring_due_key" ON "tasks" ("recurring_task_id", "scheduled_for") WHERE "recurring_task_id" IS NOT NULL;
CREATE UNIQUE INDEX "tasks_pipeline_step_key" ON "tasks" ("pipeline_run_id", "pipeline_step_key") WHERE "pipeline_run_id" IS NOT NULL;

-- A dispatch is sent once; claims have no such key.
CREATE UNIQUE INDEX "task_runs_idempotency_key_key" ON "task_runs" ("idempotency_key") WHERE "idempotency_key" IS NOT NULL;
CREATE UNIQUE INDEX "review_runs_idempotency_key_key" ON "review_runs" ("idempotency_key") WHERE "idempotency_key" IS NOT NULL;

-- The two queues that a claim looks at. Their columns are the order of the queue and nothing else is in them, so a claim
-- reads the head of each, whatever stands behind it. A missing due date is last: infinity makes the keys comparable.
CREATE INDEX "tasks_inbox_queue" ON "tasks" ("priority", (coalesce("due_at", 'infinity'::timestamptz)), "created_at", "number")
  WHERE "status" = 'INBOX' AND "open_dependencies" = 0 AND "not_before" IS NULL;
CREATE INDEX "tasks_assigned_queue" ON "tasks" ("assignee_id", "priority", (coalesce("due_at", 'infinity'::timestamptz)), "created_at", "number")
  WHERE "status" = 'ASSIGNED' AND "open_dependencies" = 0 AND "not_before" IS NULL;
-- Tasks that time will release.
CREATE INDEX "tasks_not_before_idx" ON "tasks" ("not_before") WHERE "not_before" IS NOT NULL AND "status" IN ('INBOX', 'ASSIGNED');
-- The same in two heads like the queues: when the next task will be released that an agent could get. The coalesce says
-- nothing, but no other index has this order: over tasks_not_before_idx a planner would walk past the tasks of all others.
CREATE INDEX "tasks_inbox_later" ON "tasks" ((coalesce("not_before", 'infinity'::timestamptz)))
  WHERE "not_before" IS NOT NULL AND "status" = 'INBOX' AND "open_dependencies" = 0;
CREATE INDEX "tasks_assigned_later" ON "tasks" ("assignee_id", (coalesce("not_before", 'infinity'::timestamptz)))
  WHERE "not_before" IS NOT NULL AND "status" = 'ASSIGNED' AND "open_dependencies" = 0;
CREATE INDEX "tasks_review_queue" ON "tasks" ("priority", (coalesce("due_at", 'infinity'::timestamptz)), "status_at", "number") WHERE "status" = 'REVIEW';
CREATE INDEX "tasks_status_idx" ON "tasks" ("status", "created_at", "number");
CREATE INDEX "task_runs_open_lease" ON "task_runs" ("lease_expires_at") WHERE "outcome" = 'RUNNING';
-- What an agent holds: the capacity check counts a handful of entries here.
CREATE INDEX "task_runs_open_by_agent" ON "task_runs" ("agent_id") WHERE "outcome" = 'RUNNING';
CREATE INDEX "review_runs_open_lease" ON "review_runs" ("lease_expires_at") WHERE "outcome" = 'RUNNING';

-- A queue's table changes all the time: leave room on the pages and clean early, so that dead index heads stay short.
ALTER TABLE "tasks" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE "task_runs" SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
ALTER TABLE "agents" SET (fillfactor = 50);

-- The guard: the moves of docs/state-machine.md and no others, whoever asks. A test holds it against the table in
-- src/domain/task-status.ts.
CREATE FUNCTION refuse_illegal_status_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status NOT IN ('INBOX', 'ASSIGNED') THEN
      RAISE EXCEPTION 'a task cannot begin as %', NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_status_move';
    END IF;
  ELSIF NOT (CASE OLD.status
    WHEN 'INBOX' THEN NEW.status IN ('ASSIGNED', 'IN_PROGRESS', 'CANCELLED')
    WHEN 'ASSIGNED' THEN NEW.status IN ('INBOX', 'IN_PROGRESS', 'CANCELLED')
    WHEN 'IN_PROGRESS' THEN NEW.status IN ('REVIEW', 'DONE', 'ASSIGNED', 'FAILED', 'CANCELLED')
    WHEN 'REVIEW' THEN NEW.status IN ('DONE', 'REJECTED', 'CANCELLED')
    WHEN 'REJECTED' THEN NEW.status IN ('ASSIGNED', 'FAILED', 'CANCELLED')
    WHEN 'FAILED' THEN NEW.status IN ('ASSIGNED', 'INBOX')
    WHEN 'CANCELLED' THEN NEW.status IN ('ASSIGNED', 'INBOX')
    ELSE false
  END) THEN
    RAISE EXCEPTION 'a task cannot move from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_status_move';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER "tasks_guard_insert" BEFORE INSERT ON "tasks" FOR EACH ROW EXECUTE FUNCTION refuse_illegal_status_move();
CREATE TRIGGER "tasks_guard_update" BEFORE UPDATE OF "status" ON "tasks" FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION refuse_illegal_status_move();

-- REJECTED is passed through inside a transaction and never rested in.
CREATE FUNCTION refuse_rest_in_rejected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM tasks WHERE id = NEW.id AND status = 'REJECTED') THEN
    RAISE EXCEPTION 'a task cannot rest in REJECTED' USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_rejected_is_passing';
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER "tasks_rejected_is_passing" AFTER UPDATE ON "tasks" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.status = 'REJECTED') EXECUTE FUNCTION refuse_rest_in_rejected();

-- The claim: the requests of several agents in one round trip, in the order given, at most one for each agent.
--
-- The agents' rows are locked first, which serialises the claims of one agent over all processes and makes the capacity
-- check exact: every statement in here sees what was committed before it, so the count is never stale. An agent that
-- somebody else has locked, or that asks twice, answers AGENT_LOCKED and is asked again by the caller: one stuck
-- transaction must not hold up the other agents of the batch.
-- The inbox head is locked with SKIP LOCKED and only if it wins against the agent's own head, so no row is locked that
-- is not handed out; NO KEY UPDATE does not collide with the key-share locks of new comments and runs. Each look at
-- the inbox goes on behind the last one. Nothing in here waits for a row of another transaction, so it can't be part of
-- a deadlock.
-- The writes are one statement for the whole batch: each statement compiles its CHECKs anew. With one set of writes per
-- request a claim took twice as long in here.
-- A request that shows a key of the last 24 hours is answered with the run of that time.
CREATE FUNCTION claim_tasks(
  p_agent_ids text[], p_capacities int[], p_lease_ms int[], p_run_ids text[],
  p_resume boolean[], p_keys text[], p_fingerprints text[]
) RETURNS TABLE (request int, reason text, task_id text, run_id text) LANGUAGE plpgsql
-- Right after a large import the statistics are old, and sorting an agent's whole backlog, or joining with all tasks,
-- looks as cheap as reading the head of an index in order. It never is, so the planner is told.
SET enable_sort = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  locked text[]; agent record; mine record; head record; earlier record;
  -- Where the inbox has been read to, as the four columns of its order.
  read_priority task_priority := 'CRITICAL'; read_due timestamptz := '-infinity'; read_created timestamptz := '-infinity'; read_number bigint := 0;
  -- What is handed out: places in the batch, tasks, what they were, and how many runs they have had.
  places int[] := '{}'; t_ids text[] := '{}'; froms task_status[] := '{}'; run_counts int[] := '{}';
BEGIN
  -- Time has released some tasks: let them into the queue before anybody is served from it.
  WHILE EXISTS (SELECT FROM tasks WHERE not_before <= now() AND status IN ('INBOX', 'ASSIGNED')) LOOP
    UPDATE tasks SET not_before = NULL WHERE id IN (
      SELECT id FROM tasks WHERE not_before <= now() AND status IN ('INBOX', 'ASSIGNED')
      ORDER BY not_before LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED);
    EXIT WHEN NOT FOUND;
  END LOOP;

  locked := ARRAY(SELECT id FROM agents WHERE id = ANY(p_agent_ids) FOR NO KEY UPDATE SKIP LOCKED);

  -- An open run is a task IN_PROGRESS. Counted over task_runs_open_by_agent, which has one plan however old the
  -- statistics are; over tasks, a planner that has not seen the last thousand claims walks all of them.
  FOR agent IN
    SELECT u.place::int, a.id, a.paused_at, a.max_capacity,
      (SELECT count(*) FROM task_runs r WHERE r.agent_id = a.id AND r.outcome = 'RUNNING') AS open_runs
    FROM unnest(p_agent_ids) WITH ORDINALITY AS u(id, place)
    LEFT JOIN agents a ON a.id = u.id AND u.id = ANY(locked) AND u.place = array_position(p_agent_ids, u.id)
  LOOP
    request := agent.place; task_id := NULL; run_id := NULL;

    IF agent.id IS NULL THEN
      reason := 'AGENT_LOCKED'; RETURN NEXT; CONTINUE;
    END IF;

    IF p_keys[request] IS NOT NULL THEN
      SELECT k.subject_id, k.fingerprint, r.task_id INTO earlier FROM idempotency_keys k JOIN task_runs r ON r.id = k.subject_id
      WHERE k.scope = agent.id AND k.operation = 'claimNextTask' AND k.key = p_keys[request] AND k.created_at > now() - interval '24 hours';
      IF FOUND THEN
        IF earlier.fingerprint = p_fingerprints[request] THEN
          reason := 'ASSIGNED'; task_id := earlier.task_id; run_id := earlier.subject_id;
        ELSE
          reason := 'IDEMPOTENCY_KEY_REUSED';
        END IF;
        RETURN NEXT; CONTINUE;
      END IF;
    END IF;

    IF p_resume[request] THEN
      SELECT r.id, r.task_id INTO earlier FROM task_runs r
      WHERE r.agent_id = agent.id AND r.outcome = 'RUNNING' AND r.trigger = 'CLAIM' ORDER BY r.started_at, r.id LIMIT 1;
      IF FOUND THEN
        -- Being renewed or ended by somebody: the agent asks again in a moment rather than getting a second task.
        PERFORM FROM task_runs WHERE id = earlier.id AND outcome = 'RUNNING' FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
          reason := 'AGENT_LOCKED'; RETURN NEXT; CONTINUE;
        END IF;
        UPDATE task_runs SET lease_ms = p_lease_ms[request], lease_expires_at = now() + p_lease_ms[request] * interval '1 millisecond',
          lease_expiry_noted_at = NULL
        WHERE id = earlier.id;
        reason := 'CONTINUE_CURRENT'; task_id := earlier.task_id; run_id := earlier.id; RETURN NEXT; CONTINUE;
      END IF;
    END IF;

    IF agent.paused_at IS NOT NULL THEN
      reason := 'AGENT_PAUSED'; RETURN NEXT; CONTINUE;
    END IF;

    -- The capacity of the request goes before the agent's own.
    IF agent.open_runs >= coalesce(p_capacities[request], agent.max_capacity) THEN
      reason := 'AT_CAPACITY'; RETURN NEXT; CONTINUE;
    END IF;

    -- tasks_assigned_queue. Nobody else claims these, for the agent is locked; an edit in progress is waited for by nobody.
    SELECT id, status, run_count, priority, coalesce(due_at, 'infinity'::timestamptz) AS due, created_at, number INTO mine FROM tasks
    WHERE assignee_id = agent.id AND status = 'ASSIGNED' AND open_dependencies = 0 AND not_before IS NULL
    ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;

    -- tasks_inbox_queue between what this batch has read and the agent's own head; both bounds are index conditions.
    SELECT id, status, run_count, priority, coalesce(due_at, 'infinity'::timestamptz) AS due, created_at, number INTO head FROM tasks
    WHERE status = 'INBOX' AND open_dependencies = 0 AND not_before IS NULL
      AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) > (read_priority, read_due, read_created, read_number)
      AND (priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number) < (coalesce(mine.priority, 'LOW'),
        coalesce(mine.due, 'infinity'::timestamptz), coalesce(mine.created_at, 'infinity'::timestamptz), coalesce(mine.number, 9223372036854775807))
    ORDER BY priority, coalesce(due_at, 'infinity'::timestamptz), created_at, number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;

    IF head.id IS NOT NULL THEN
      read_priority := head.priority; read_due := head.due; read_created := head.created_at; read_number := head.number;
    ELSIF mine.id IS NOT NULL THEN
      head := mine;
    ELSE
      reason := 'NO_TASKS_AVAILABLE'; RETURN NEXT; CONTINUE;
    END IF;

    places := places || request; t_ids := t_ids || head.id; froms := froms || head.status; run_counts := run_counts || head.run_count;
    reason := 'ASSIGNED'; task_id := head.id; run_id := p_run_ids[request];
    RETURN NEXT;
  END LOOP;

  IF cardinality(places) = 0 THEN
    RETURN;
  END IF;

  UPDATE tasks t SET status = 'IN_PROGRESS', assignee_id = p_agent_ids[u.place], current_run_id = p_run_ids[u.place],
    run_count = t.run_count + 1, version = t.version + 1, updated_at = now(), status_at = now(), started_at = now(), backoff_until = NULL
  FROM unnest(places, t_ids) AS u(place, id) WHERE t.id = u.id;

  INSERT INTO task_runs (id, task_id, agent_id, number, trigger, lease_ms, lease_expires_at, model_signals)
  SELECT p_run_ids[u.place], u.task, p_agent_ids[u.place], u.runs + 1, 'CLAIM', p_lease_ms[u.place],
    now() + p_lease_ms[u.place] * interval '1 millisecond', '{}'
  FROM unnest(places, t_ids, run_counts) AS u(place, task, runs);

  INSERT INTO idempotency_keys (scope, operation, key, fingerprint, subject_id)
  SELECT p_agent_ids[u.place], 'claimNextTask', p_keys[u.place], p_fingerprints[u.place], p_run_ids[u.place]
  FROM unnest(places) AS u(place) WHERE p_keys[u.place] IS NOT NULL
  ON CONFLICT (scope, operation, key) DO UPDATE SET fingerprint = excluded.fingerprint, subject_id = excluded.subject_id, created_at = now();

  INSERT INTO events (type, actor_agent_id, agent_id, payload)
  SELECT 'agent.status_changed', a.id, a.id, jsonb_build_object('from', a.announced_status, 'to', 'BUSY')
  FROM unnest(places) AS u(place) JOIN agents a ON a.id = p_agent_ids[u.place] WHERE a.announced_status <> 'BUSY';

  UPDATE agents a SET last_seen_at = now(), announced_status = 'BUSY'
  FROM unnest(places) AS u(place) WHERE a.id = p_agent_ids[u.place]
    AND (a.announced_status <> 'BUSY' OR a.last_seen_at IS NULL OR a.last_seen_at < now() - interval '1 second');

  -- In the order in which they were handed out, each claim before its run.
  INSERT INTO events (type, actor_agent_id, task_id, agent_id, run_id, payload)
  SELECT e.type, p_agent_ids[u.place], u.task, p_agent_ids[u.place], p_run_ids[u.place],
    CASE e.type WHEN 'task.claimed' THEN jsonb_build_object('from', u.was, 'to', 'IN_PROGRESS') ELSE '{}'::jsonb END
  FROM unnest(places, t_ids, froms) WITH ORDINALITY AS u(place, task, was, ord),
    (VALUES (1, 'task.claimed'), (2, 'run.started')) AS e(step, type)
  ORDER BY u.ord, e.step;
END $$;
