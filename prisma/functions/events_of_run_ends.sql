-- The events of runs that end, in the order of the calls, without those of the agents. PostgreSQL plans this text as part of the
-- statement that inserts them. The payloads are built after the events that there are not were left out.
CREATE OR REPLACE FUNCTION events_of_run_ends(p_ends run_end[])
RETURNS TABLE (type text, actor_key_id text, actor_agent_id text, task_id text, agent_id text, run_id text, comment_id text, payload jsonb)
LANGUAGE sql STABLE AS $$
  SELECT v.type, e.actor_key_id, e.actor_agent_id, e.task_id, v.agent_id, v.run_id, v.comment_id,
    CASE v.step WHEN 2 THEN jsonb_strip_nulls(jsonb_build_object('from', 'IN_PROGRESS', 'to', e.to_status, 'reason', e.reason))
      WHEN 3 THEN jsonb_build_object('round', e.review_round)
      WHEN 4 THEN jsonb_build_object('assigneeId', NULL, 'previousAssigneeId', e.agent_id) ELSE '{}'::jsonb END
  FROM unnest(p_ends) e CROSS JOIN LATERAL (VALUES
    (1, 'run.' || lower(e.outcome::text), e.agent_id, e.run_id, NULL),
    (2, CASE WHEN e.verb = 'complete' THEN 'task.completed' WHEN e.to_status = 'FAILED' THEN 'task.failed' ELSE 'task.requeued' END, e.agent_id, e.run_id, NULL),
    (3, CASE e.to_status WHEN 'REVIEW' THEN 'review.requested' END, e.agent_id, NULL, NULL),
    (4, CASE e.to_status WHEN 'INBOX' THEN 'task.assigned' END, NULL, NULL, NULL),
    (5, CASE e.verb WHEN 'fail' THEN 'task.comment_added' END, CASE e.to_status WHEN 'INBOX' THEN NULL ELSE e.agent_id END, NULL, e.comment_id)
  ) AS v(step, type, agent_id, run_id, comment_id)
  WHERE v.type IS NOT NULL ORDER BY e.place, v.step
$$;
