-- What happened before the position of the counting. A value of an enum cannot be used in the transaction that adds it, so this is
-- a migration of its own. The job counts what follows.
CREATE FUNCTION pg_temp.bucket_of(length interval) RETURNS smallint LANGUAGE sql IMMUTABLE
AS $$ SELECT floor(ln(greatest(1, extract(epoch FROM length) * 1000)::float8) * 8 / ln(2::float8))::smallint $$;

INSERT INTO "time_hours" ("hour", "kind", "bucket", "count")
SELECT date_trunc('hour', "at", 'UTC'), "kind", "bucket", count(*) FROM (
  SELECT r."started_at" AS "at", 'WAIT'::"time_kind" AS "kind", pg_temp.bucket_of(r."started_at" - greatest(t."created_at", t."starts_at")) AS "bucket"
  FROM "task_runs" r JOIN "tasks" t ON t."id" = r."task_id" WHERE r."number" = 1
  UNION ALL
  SELECT r."finished_at", 'RUN', pg_temp.bucket_of(r."finished_at" - r."started_at") FROM "task_runs" r WHERE r."outcome" = 'SUCCEEDED'
) times WHERE "at" < (SELECT "counted_until" FROM "activity_state") GROUP BY 1, 2, 3;

CREATE TEMPORARY TABLE reviews ON COMMIT DROP AS
SELECT q."created_at" AS "at", q."reviewer_agent_id" AS "agent_id", ('REVIEW_' || q."verdict")::"activity_kind" AS "kind", coalesce((
  SELECT pg_temp.bucket_of(r."finished_at" - r."started_at") FROM "review_runs" r
  WHERE r."task_id" = q."task_id" AND r."round" = q."round" AND r."agent_id" = q."reviewer_agent_id" AND r."outcome" = 'SUCCEEDED' LIMIT 1), -1) AS "bucket"
FROM "quality_reviews" q
WHERE NOT q."superseded" AND q."reviewer_agent_id" IS NOT NULL AND q."created_at" < (SELECT "counted_until" FROM "activity_state");

INSERT INTO "agent_hours" ("agent_id", "hour", "kind", "bucket", "count")
SELECT "agent_id", date_trunc('hour', "at", 'UTC'), "kind", "bucket", count(*) FROM reviews GROUP BY 1, 2, 3, 4;

INSERT INTO "agent_days" ("agent_id", "day", "kind", "bucket", "count")
SELECT "agent_id", date_trunc('day', "at", 'UTC'), "kind", "bucket", count(*) FROM reviews GROUP BY 1, 2, 3, 4;
