-- Locks and returns the first task in queue order of these audiences of the inbox that comes before the position given and
-- that no other transaction has locked, except those in p_except, with the place of its audience in p_heads. p_places says
-- which audiences the agent may have, in the order of their heads. Returns no row if there is none.
--
-- Each audience is locked by a search that begins at its head and ends at the best task so far, so a second task is locked
-- only where the first head was held by another transaction.
-- Only for claim_tasks, whose settings apply in here: settings of its own would cost as much as two of the searches.
CREATE OR REPLACE FUNCTION take_limited_task(
  p_heads queue_head[], p_places int[], p_except text[],
  p_priority task_priority, p_due timestamptz, p_created_at timestamptz, p_number bigint
) RETURNS TABLE (
  place int, id text, status task_status, run_count int, audience bigint,
  priority task_priority, due timestamptz, created_at timestamptz, number bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  head queue_head; taken record; each int; has_one boolean := false;
BEGIN
  FOREACH each IN ARRAY p_places LOOP
    head := p_heads[each];
    EXIT WHEN (head.priority, head.due, head.created_at, head.number) > (p_priority, p_due, p_created_at, p_number);

    SELECT each AS place, t.id, t.status, t.run_count, head.audience AS audience, t.priority, coalesce(t.due_at, 'infinity'::timestamptz) AS due, t.created_at, t.number
    INTO taken FROM tasks t
    WHERE t.status = 'INBOX' AND t.open_dependencies = 0 AND t.not_before IS NULL AND t.id <> ALL(p_except)
      AND task_audience(t.requires, t.released_by) = head.audience AND t.requires = head.requires AND t.released_by = head.released_by
      AND (t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number) >= (head.priority, head.due, head.created_at, head.number)
      AND (t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number) < (p_priority, p_due, p_created_at, p_number)
    ORDER BY t.priority, coalesce(t.due_at, 'infinity'::timestamptz), t.created_at, t.number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
      place := taken.place; id := taken.id; status := taken.status; run_count := taken.run_count; audience := taken.audience;
      priority := taken.priority; due := taken.due; created_at := taken.created_at; number := taken.number;
      p_priority := taken.priority; p_due := taken.due; p_created_at := taken.created_at; p_number := taken.number;
      has_one := true;
    END IF;
  END LOOP;

  IF has_one THEN
    RETURN NEXT;
  END IF;
END $$;
