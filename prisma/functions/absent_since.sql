-- Since when the agent has been absent (absence), as far as its row says; meaningless for an agent that is there.
CREATE OR REPLACE FUNCTION absent_since(a agents, p_timeout_ms bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT coalesce(a.paused_at, CASE a.delivery WHEN 'PULL' THEN a.last_seen_at + p_timeout_ms * interval '1 millisecond' ELSE a.error_at END, a.updated_at)
$$;
