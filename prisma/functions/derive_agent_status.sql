-- The status of an agent, as src/domain/agents/status.ts derives it. A test holds the two against each other. Each value has its type: a
-- cast of the whole is not immutable, and PostgreSQL would then call the function for each row and not plan its text.
CREATE OR REPLACE FUNCTION derive_agent_status(
  p_paused_at timestamptz, p_error_at timestamptz, p_last_seen_at timestamptz, p_has_live_lease boolean, p_now timestamptz, p_timeout_ms bigint
) RETURNS agent_status LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN p_paused_at IS NOT NULL THEN 'PAUSED'::agent_status WHEN p_error_at IS NOT NULL THEN 'ERROR'::agent_status
    WHEN p_last_seen_at IS NULL OR p_now - p_last_seen_at > p_timeout_ms * interval '1 millisecond' THEN 'OFFLINE'::agent_status
    WHEN p_has_live_lease THEN 'BUSY'::agent_status ELSE 'IDLE'::agent_status END
$$;
