-- CreateEnum
CREATE TYPE "question_kind" AS ENUM ('TEXT', 'CHOICE', 'CONFIRM');

-- CreateEnum
CREATE TYPE "question_status" AS ENUM ('OPEN', 'ANSWERED', 'WITHDRAWN', 'EXPIRED', 'CLOSED');

-- CreateEnum
CREATE TYPE "deadline_policy" AS ENUM ('ESCALATE', 'USE_DEFAULT', 'FAIL');

-- AlterEnum
ALTER TYPE "run_outcome" ADD VALUE 'SUSPENDED';

-- AlterEnum
ALTER TYPE "task_failure_reason" ADD VALUE 'QUESTION_EXPIRED';

-- AlterEnum
ALTER TYPE "task_status" ADD VALUE 'INPUT_REQUIRED' AFTER 'IN_PROGRESS';

-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "open_questions" SMALLINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "questions" (
    "id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "run_id" TEXT NOT NULL,
    "asked_by_key_id" TEXT,
    "asked_by_agent_id" TEXT,
    "text" TEXT NOT NULL,
    "kind" "question_kind" NOT NULL,
    "options" JSONB NOT NULL DEFAULT '[]',
    "multiple" BOOLEAN NOT NULL DEFAULT false,
    "blocking" BOOLEAN NOT NULL DEFAULT true,
    "status" "question_status" NOT NULL DEFAULT 'OPEN',
    "default_answer" JSONB,
    "deadline" TIMESTAMPTZ(3),
    "on_deadline" "deadline_policy" NOT NULL DEFAULT 'ESCALATE',
    "escalated_at" TIMESTAMPTZ(3),
    "answer" JSONB,
    "answered_by_key_id" TEXT,
    "answered_by_agent_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "questions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "questions_task_created_idx" ON "questions"("task_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "questions_created_idx" ON "questions"("created_at", "id");

-- CreateIndex
CREATE INDEX "questions_run_idx" ON "questions"("run_id");

-- What waits for an answer: the list of the open ones, and the next deadline.
CREATE INDEX "questions_open_idx" ON "questions" ("created_at", "id") WHERE "status" = 'OPEN';
CREATE INDEX "questions_deadline_idx" ON "questions" ("deadline")
  WHERE "status" = 'OPEN' AND "deadline" IS NOT NULL AND "escalated_at" IS NULL;

ALTER TABLE "questions"
  ADD CONSTRAINT "questions_open_or_closed" CHECK (("status" = 'OPEN') = ("closed_at" IS NULL)),
  ADD CONSTRAINT "questions_answered_has_answer" CHECK (("status" = 'ANSWERED') = ("answer" IS NOT NULL)),
  ADD CONSTRAINT "questions_one_asker" CHECK ("asked_by_key_id" IS NULL OR "asked_by_agent_id" IS NULL),
  ADD CONSTRAINT "questions_one_answerer" CHECK ("answered_by_key_id" IS NULL OR "answered_by_agent_id" IS NULL),
  ADD CONSTRAINT "questions_default_needs_deadline" CHECK (
    "on_deadline" <> 'USE_DEFAULT' OR ("deadline" IS NOT NULL AND "default_answer" IS NOT NULL)),
  ADD CONSTRAINT "questions_failing_is_blocking" CHECK ("on_deadline" <> 'FAIL' OR ("deadline" IS NOT NULL AND "blocking")),
  ADD CONSTRAINT "questions_text_not_empty" CHECK ("text" <> '');

-- A task waits for one blocking question at a time.
CREATE UNIQUE INDEX "questions_one_blocking" ON "questions" ("task_id") WHERE "status" = 'OPEN' AND "blocking";

-- AddForeignKey
ALTER TABLE "questions" ADD CONSTRAINT "questions_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "questions" ADD CONSTRAINT "questions_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "task_runs"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "questions" ADD CONSTRAINT "questions_asked_by_key_id_fkey" FOREIGN KEY ("asked_by_key_id") REFERENCES "api_keys"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "questions" ADD CONSTRAINT "questions_asked_by_agent_id_fkey" FOREIGN KEY ("asked_by_agent_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "questions" ADD CONSTRAINT "questions_answered_by_key_id_fkey" FOREIGN KEY ("answered_by_key_id") REFERENCES "api_keys"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "questions" ADD CONSTRAINT "questions_answered_by_agent_id_fkey" FOREIGN KEY ("answered_by_agent_id") REFERENCES "agents"("id") ON DELETE RESTRICT ON UPDATE NO ACTION;


-- Trigger of tasks: a task that ends closes its open questions, whichever statement ends it. The count is the reason that a
-- task without questions, which is nearly every task, pays only for the condition of the trigger.
CREATE OR REPLACE FUNCTION close_questions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE questions SET status = 'CLOSED', closed_at = now() WHERE task_id = NEW.id AND status = 'OPEN';
  NEW.open_questions := 0;
  RETURN NEW;
END $$;

-- Trigger of tasks: refuses every status move that docs/state-machine.md does not have, also those of a person with psql. A
-- test holds it against the table in src/domain/tasks/task-status.ts.
CREATE OR REPLACE FUNCTION refuse_illegal_status_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status NOT IN ('INBOX', 'ASSIGNED') THEN
      RAISE EXCEPTION 'a task cannot begin as %', NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_status_move';
    END IF;
  ELSIF NOT (CASE OLD.status
    WHEN 'INBOX' THEN NEW.status IN ('ASSIGNED', 'IN_PROGRESS', 'CANCELLED')
    WHEN 'ASSIGNED' THEN NEW.status IN ('INBOX', 'IN_PROGRESS', 'CANCELLED')
    WHEN 'IN_PROGRESS' THEN NEW.status IN ('INPUT_REQUIRED', 'REVIEW', 'DONE', 'INBOX', 'ASSIGNED', 'FAILED', 'CANCELLED')
    WHEN 'INPUT_REQUIRED' THEN NEW.status IN ('ASSIGNED', 'INBOX', 'FAILED', 'CANCELLED')
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

CREATE TRIGGER "tasks_close_questions" BEFORE UPDATE OF "status" ON "tasks" FOR EACH ROW
  WHEN (NEW."open_questions" > 0 AND NEW."status" IN ('DONE', 'FAILED', 'CANCELLED')) EXECUTE FUNCTION close_questions();
