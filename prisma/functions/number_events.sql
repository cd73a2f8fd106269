-- The sequencer: moves committed events from the outbox to the log, in the order of their ids, and gives them the next
-- positions. Any process may call it at any time; the lock lets one work while the others wait.
--
-- The id of an event is drawn by the last statement of its transaction, after all row locks were taken. So an event that
-- depends on another has the higher id, and whoever sees it sees the other one too. Each statement below takes a new
-- snapshot after the lock was granted: positions are dense, and none is assigned twice.
-- Returns the number of events. It is at most p_limit; if it is p_limit, more may wait.
CREATE OR REPLACE FUNCTION number_events(p_limit int) RETURNS int LANGUAGE plpgsql
-- Otherwise PostgreSQL may plan the statements for each call again, which takes longer than running them.
SET plan_cache_mode = force_generic_plan
-- The same for a connection without the settings of the server's own: it plans these statements once, perhaps while both tables are
-- empty, and would then read all events to find the last position, until the next ANALYZE.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  last bigint; numbered int; log event_horizon; current_origin text;
BEGIN
  -- An event that another process is moving is still visible here. So nothing is missed, and a call without work is cheap.
  IF NOT EXISTS (SELECT FROM event_outbox) THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(4170002);

  -- A reader must not see a position that a crash of PostgreSQL could take back and give to another event.
  IF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;

  SELECT * INTO STRICT log FROM event_horizon;
  last := greatest(log.position, (SELECT id FROM events ORDER BY id DESC LIMIT 1));

  -- After a restore from an older backup, or a failover that lost commits, readers may know positions that this log has not
  -- assigned. It continues 2^40 positions higher, so that their cursors are recognised and refused.
  IF log.origin_started IS DISTINCT FROM pg_postmaster_start_time() THEN
    current_origin := (SELECT system_identifier FROM pg_control_system()) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8);
    UPDATE event_horizon SET origin = current_origin, origin_started = pg_postmaster_start_time();
    IF log.origin <> current_origin THEN
      last := ((last >> 40) + 1) << 40;
    END IF;
  END IF;

  -- One snapshot: the events up to the last id of the first p_limit are these p_limit. A list of them would be compared with each row.
  WITH taken AS (
    DELETE FROM event_outbox WHERE id <= (SELECT max(id) FROM (SELECT id FROM event_outbox ORDER BY id LIMIT p_limit) first) RETURNING *)
  INSERT INTO events (id, type, at, actor_key_id, actor_agent_id, task_id, agent_id, run_id, review_id, comment_id, key_id,
    recurring_task_id, pipeline_run_id, payload)
  SELECT last + row_number() OVER (ORDER BY id), type, at, actor_key_id, actor_agent_id, task_id, agent_id, run_id, review_id,
    comment_id, key_id, recurring_task_id, pipeline_run_id, payload
  FROM taken;
  GET DIAGNOSTICS numbered = ROW_COUNT;

  -- Wakes the readers of all processes. The lock that a NOTIFY takes at the commit delays no other writer.
  IF numbered > 0 THEN
    PERFORM pg_notify('mission_control', '');
  END IF;
  RETURN numbered;
END $$;
