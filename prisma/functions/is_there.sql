-- Whether the agent can take work at all: it asks and is not silent for longer than the timeout, or it is sent work through
-- a gateway that the server has and reaches, and that does not refuse it.
CREATE OR REPLACE FUNCTION is_there(a agents, p_timeout_ms bigint, p_default_gateway text, p_gateways text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE a.delivery WHEN 'PULL' THEN coalesce(a.last_seen_at >= now() - p_timeout_ms * interval '1 millisecond', false)
    ELSE a.error_at IS NULL AND coalesce(coalesce(a.gateway, p_default_gateway) = ANY(p_gateways), false)
      AND NOT EXISTS (SELECT FROM gateway_outages o WHERE o.gateway = coalesce(a.gateway, p_default_gateway) AND o.expires_at > now()) END
$$;
