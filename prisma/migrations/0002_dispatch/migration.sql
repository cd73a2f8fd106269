-- AlterEnum
ALTER TYPE "task_failure_reason" ADD VALUE 'GATEWAY_REFUSED';

-- AlterTable
ALTER TABLE "task_runs" ADD COLUMN     "dispatcher" TEXT;

-- CreateTable
CREATE TABLE "gateway_outages" (
    "gateway" TEXT NOT NULL,
    "error" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "gateway_outages_pkey" PRIMARY KEY ("gateway")
);

