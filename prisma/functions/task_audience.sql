-- One number for all tasks that the same agents may have: those with the same requirements that the same agents have
-- released. 0 stands for the tasks that any agent may have. The indexes of the two queues lead with it, so a claim reads
-- one head for each audience and never walks past tasks that are not for its agent.
-- The bits from 40 on come from the first requirement alone, and are 0 without one: they are the group of the audience. An
-- agent steps over all audiences of a group at once if it lacks the capability (inbox_heads).
-- A hash and not a table of the distinct sets: nothing has to be kept, locked or cleaned up. A query that selects by it also
-- compares the sets, so two sets with the same hash do no harm. Never change this text without building the indexes again.
-- It calls no function of this schema: PostgreSQL builds indexes with a search path that does not contain it.
CREATE OR REPLACE FUNCTION task_audience(requires text[], released_by text[]) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN requires = '{}' AND released_by = '{}' THEN 0
    ELSE ((coalesce(hashtextextended(requires[1], 0), 0) & 8388607) << 40)
      | ((hash_array_extended(requires, 0) # hash_array_extended(released_by, 1)) & 1099511627775) | 1 END
$$;
