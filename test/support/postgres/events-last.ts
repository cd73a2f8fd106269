/**
 * Triggers that refuse each statement of a transaction that writes to a table after the transaction has written events. The
 * order of the log is that of the ids of events, so they must be drawn when nothing is left that could wait for a lock.
 */
export const REQUIRE_EVENTS_LAST = `
  CREATE FUNCTION note_events() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('test.events_written', 'yes', true);
    RETURN NULL;
  END $$;
  CREATE FUNCTION require_events_last() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('test.events_written', true) = 'yes' THEN
      RAISE 'the transaction writes to % after its events', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER note_events AFTER INSERT ON event_outbox FOR EACH STATEMENT EXECUTE FUNCTION note_events();
  DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
      AND relname <> 'event_outbox'
    LOOP
      EXECUTE format('CREATE TRIGGER require_events_last BEFORE INSERT OR UPDATE OR DELETE ON %I FOR EACH STATEMENT
        EXECUTE FUNCTION require_events_last()', name);
    END LOOP;
  END $$`;
