-- Whether this agent may take a task that the agents in p_released_by have released. An agent that is not in the list may.
-- An agent in the list may only while no other agent can take the task. Another agent can take it if it accepts tasks of the
-- inbox, is not paused, is available (is_there) and has what the task requires.
CREATE OR REPLACE FUNCTION may_take_again(
  p_agent_id text, p_requires text[], p_released_by text[], p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN NOT (p_agent_id = ANY(p_released_by)) OR NOT EXISTS (SELECT FROM agents a
    WHERE a.id <> ALL(p_released_by) AND a.accepts_inbox AND a.paused_at IS NULL AND p_requires <@ a.capabilities
      AND is_there(a, p_timeout_ms, p_default_gateway, p_gateways));
END $$;
