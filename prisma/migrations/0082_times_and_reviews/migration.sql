-- Counts of how long tasks wait and attempts run, and of the verdicts of reviewers.
-- AlterEnum
ALTER TYPE "activity_kind" ADD VALUE 'REVIEW_APPROVED';
ALTER TYPE "activity_kind" ADD VALUE 'REVIEW_REJECTED';

-- CreateEnum
CREATE TYPE "time_kind" AS ENUM ('WAIT', 'RUN');

-- CreateTable
CREATE TABLE "time_hours" (
    "hour" TIMESTAMPTZ(3) NOT NULL,
    "kind" "time_kind" NOT NULL,
    "bucket" SMALLINT NOT NULL,
    "count" INTEGER NOT NULL,

    CONSTRAINT "time_hours_pkey" PRIMARY KEY ("hour","kind","bucket")
);
