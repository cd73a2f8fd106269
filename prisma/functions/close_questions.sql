-- Trigger of tasks: a task that ends closes its open questions, whichever statement ends it. The count is the reason that a
-- task without questions, which is nearly every task, pays only for the condition of the trigger.
CREATE OR REPLACE FUNCTION close_questions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE questions SET status = 'CLOSED', closed_at = now() WHERE task_id = NEW.id AND status = 'OPEN';
  NEW.open_questions := 0;
  RETURN NEW;
END $$;
