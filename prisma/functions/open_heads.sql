-- The heads that this agent may take, in queue order: of its own tasks and, if it accepts them, of the inbox.
CREATE OR REPLACE FUNCTION open_heads(
  p_agent_id text, p_capabilities text[], p_accepts_inbox boolean, p_except text[],
  p_timeout_ms bigint, p_default_gateway text, p_gateways text[]
) RETURNS TABLE (
  id text, status task_status, requires text[], released_by text[], audience bigint,
  priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT h.* FROM (
    SELECT a.id, 'ASSIGNED'::task_status, a.requires, '{}'::text[], a.audience, a.priority, a.due, a.created_at, a.number
    FROM assigned_heads(p_agent_id) a WHERE a.requires <@ p_capabilities
    UNION ALL
    SELECT i.id, 'INBOX'::task_status, i.requires, i.released_by, i.audience, i.priority, i.due, i.created_at, i.number
    FROM inbox_heads(p_except, p_capabilities) i WHERE p_accepts_inbox
      AND may_take_again(p_agent_id, i.requires, i.released_by, p_timeout_ms, p_default_gateway, p_gateways)
  ) h (id, status, requires, released_by, audience, priority, due, created_at, number)
  ORDER BY h.priority, h.due, h.created_at, h.number;
END $$;
