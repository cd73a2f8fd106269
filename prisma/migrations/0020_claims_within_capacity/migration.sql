-- The capacity that a claim asks for could exceed the capacity that the operator has set for the agent. Two lines of
-- claim_tasks change, whatever else earlier migrations have changed in it.
DO $$
DECLARE
  definition text := pg_get_functiondef('claim_tasks'::regproc);
  changed text := replace(replace(definition,
    '-- The capacity of the request goes before the agent''s own.',
    '-- A request can lower the agent''s own capacity, but not raise it. LEAST ignores NULL.'),
    'coalesce(p_capacities[request], agent.max_capacity)',
    'least(p_capacities[request], agent.max_capacity)');
BEGIN
  IF changed = definition THEN
    RAISE EXCEPTION 'claim_tasks does not contain the lines that this migration changes';
  END IF;
  EXECUTE changed;
END $$;
