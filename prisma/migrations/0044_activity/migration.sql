-- Counts of what happened, so that statistics over a month do not read a million rows. A job adds the events of the log to them,
-- in the order of their positions.
-- CreateEnum
CREATE TYPE "activity_kind" AS ENUM ('COMPLETED', 'FAILED', 'APPROVED', 'REJECTED');

-- CreateTable
CREATE TABLE "activity_state" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "position" BIGINT NOT NULL DEFAULT 0,
    "counted_until" TIMESTAMPTZ(3) NOT NULL,
    "counted_from" TIMESTAMPTZ(3) NOT NULL,
    "checked_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "activity_state_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_activity" (
    "slot" TIMESTAMPTZ(3) NOT NULL,
    "created" INTEGER NOT NULL DEFAULT 0,
    "completed" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "rejected" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "task_activity_pkey" PRIMARY KEY ("slot")
);

-- CreateTable
CREATE TABLE "agent_hours" (
    "agent_id" TEXT NOT NULL,
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "kind" "activity_kind" NOT NULL,
    "bucket" SMALLINT NOT NULL DEFAULT 0,
    "count" INTEGER NOT NULL,

    CONSTRAINT "agent_hours_pkey" PRIMARY KEY ("agent_id","hour","kind","bucket")
);

-- CreateTable
CREATE TABLE "agent_days" (
    "agent_id" TEXT NOT NULL,
    "day" TIMESTAMPTZ(3) NOT NULL,
    "kind" "activity_kind" NOT NULL,
    "bucket" SMALLINT NOT NULL DEFAULT 0,
    "count" INTEGER NOT NULL,

    CONSTRAINT "agent_days_pkey" PRIMARY KEY ("agent_id","day","kind","bucket")
);

ALTER TABLE "activity_state" ADD CONSTRAINT "activity_state_one_row" CHECK ("id" = 1);

-- Counting begins with the oldest event that is still in the log. An hour later all that happened is in the log for certain.
INSERT INTO "activity_state" ("position", "counted_until", "counted_from", "checked_until")
SELECT h."position", o."at", o."at", o."at" FROM "event_horizon" h
CROSS JOIN (SELECT coalesce((SELECT "at" + interval '1 hour' FROM "events" ORDER BY "id" LIMIT 1), '2000-01-01 00:00:00Z') AS "at") o;
