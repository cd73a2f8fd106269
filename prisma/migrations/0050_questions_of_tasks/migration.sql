-- PostgreSQL can use a new value of an enum only after the transaction that added it.
ALTER TABLE "tasks"
  ADD CONSTRAINT "tasks_asking_has_assignee" CHECK ("status" <> 'INPUT_REQUIRED' OR "assignee_id" IS NOT NULL),
  ADD CONSTRAINT "tasks_asking_has_question" CHECK ("status" <> 'INPUT_REQUIRED' OR "open_questions" > 0),
  ADD CONSTRAINT "tasks_open_questions" CHECK ("open_questions" >= 0);
