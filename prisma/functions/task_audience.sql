-- One number for all tasks that the same agents may have: those with the same requirements that the same agents have
-- released. 0 stands for the tasks that any agent may have. The indexes of the two queues lead with it, so a claim reads
-- one head for each audience and never walks past tasks that are not for its agent.
-- A hash and not a table of the distinct sets: nothing has to be kept, locked or cleaned up. A query that selects by it also
-- compares the sets, so two sets with the same hash do no harm. Never change this text without building the indexes again.
CREATE OR REPLACE FUNCTION task_audience(requires text[], released_by text[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN requires = '{}' AND released_by = '{}' THEN 0
    ELSE (hash_array_extended(requires, 0) # hash_array_extended(released_by, 1)) & 9223372036854775807 | 1 END
$$;
