-- A released run whose task rests has met a limit, unless its gateway refused every call and other work is tried first.
-- A constant default writes no row of the table.
ALTER TABLE "task_runs" ADD COLUMN     "refused" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "review_runs" ADD COLUMN     "refused" BOOLEAN NOT NULL DEFAULT false;
