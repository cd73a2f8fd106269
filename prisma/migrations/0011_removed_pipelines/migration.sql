ALTER TABLE "pipelines" ADD COLUMN     "removed_at" TIMESTAMPTZ(3);

-- The name of a removed pipeline is free again, while its runs still show it.
DROP INDEX "pipelines_name_key";
CREATE UNIQUE INDEX "pipelines_name_key" ON "pipelines"("name") WHERE "removed_at" IS NULL;
