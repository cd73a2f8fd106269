-- A connection plans the statements of the claim once, and may do so while the tables hold a few rows, when walking them
-- looks cheaper than an index. Nobody tells it when they grow: until the next ANALYZE a claim would walk all tasks. And a
-- small batch must not be planned anew each time because a plan for one agent looks cheaper than one for ten: planning took
-- two fifths of a lonely claim's time.
ALTER FUNCTION claim_tasks(text[], int[], int[], text[], boolean[], text[], text[]) SET enable_seqscan = off;
ALTER FUNCTION claim_tasks(text[], int[], int[], text[], boolean[], text[], text[]) SET plan_cache_mode = force_generic_plan;
