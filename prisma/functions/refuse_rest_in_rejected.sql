-- Deferred trigger of tasks, run at the commit: a task passes through REJECTED inside a transaction and never rests in it.
CREATE OR REPLACE FUNCTION refuse_rest_in_rejected() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM tasks WHERE id = NEW.id AND status = 'REJECTED') THEN
    RAISE EXCEPTION 'a task cannot rest in REJECTED' USING ERRCODE = 'check_violation', CONSTRAINT = 'tasks_rejected_is_passing';
  END IF;
  RETURN NULL;
END $$;
