-- Why the agent can take no task now, in a word for people; null if it can. A gateway that can't be reached is no absence: it is
-- a fact of its own, and it ends by itself.
CREATE OR REPLACE FUNCTION absence(a agents, p_timeout_ms bigint, p_default_gateway text, p_gateways text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN a.paused_at IS NOT NULL THEN 'paused'
    WHEN a.delivery = 'PULL' AND a.last_seen_at IS NULL THEN 'has never called'
    WHEN a.delivery = 'PULL' AND a.last_seen_at < now() - p_timeout_ms * interval '1 millisecond' THEN 'offline'
    WHEN a.delivery = 'PULL' THEN NULL
    WHEN a.error_at IS NOT NULL THEN 'refused by its gateway'
    WHEN coalesce(a.gateway, p_default_gateway) IS NULL THEN 'has no gateway'
    WHEN coalesce(a.gateway, p_default_gateway) <> ALL(p_gateways) THEN 'its gateway is missing' END
$$;
