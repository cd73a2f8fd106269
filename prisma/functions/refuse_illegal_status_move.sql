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
