-- The texts of each task in one, for searches by parts of words. A job writes them from the log, so a new task costs nothing here.
-- CreateTable
CREATE TABLE "search_texts" (
    "task_id" TEXT NOT NULL,
    "body" TEXT NOT NULL,

    CONSTRAINT "search_texts_pkey" PRIMARY KEY ("task_id")
);

-- CreateTable
CREATE TABLE "search_state" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "number" BIGINT NOT NULL DEFAULT 0,
    "position" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "search_state_pkey" PRIMARY KEY ("id")
);

ALTER TABLE "search_state" ADD CONSTRAINT "search_state_one_row" CHECK ("id" = 1);

-- The tasks that exist now are written by their numbers, so the log is needed only from here on.
INSERT INTO "search_state" ("position") SELECT greatest(h."position", (SELECT "id" FROM "events" ORDER BY "id" DESC LIMIT 1)) FROM "event_horizon" h;
