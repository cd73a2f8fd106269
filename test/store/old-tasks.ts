/** The rows that the tables hold when the statistics are taken. */
export const FEW = [
  "INSERT INTO agents (id, name, role) VALUES ('agt_busy', 'busy', 'agent'), ('agt_idle', 'idle', 'agent'), ('agt_new', 'new', 'agent'), ('agt_judge', 'judge', 'reviewer')",
  "INSERT INTO tasks (id, title, status, tags) VALUES ('task_first', 'x', 'INBOX', '{}')",
  "INSERT INTO events (id, type, at) VALUES (1, 'task.created', now())",
  'ANALYZE',
  ...['tasks', 'events', 'task_runs', 'search_texts'].map(
    (table) => `ALTER TABLE ${table} SET (autovacuum_enabled = off)`,
  ),
];
/** Twenty thousand old tasks are done, and two thousand wait. */
export const MANY = [
  'SET session_replication_role = replica',
  // All tasks that require a GPU are CRITICAL and ended, so a list that begins with LOW would meet them last.
  `INSERT INTO tasks (id, title, status, priority, tags, requires, assignee_id, resolution, created_at, updated_at, status_at, completed_at, due_at)
   SELECT 'task_d' || i, 'Repair the gateway ' || i, 'DONE', (ARRAY['CRITICAL', 'LOW'])[1 + i % 2]::task_priority,
     ARRAY['t' || CASE WHEN i % 100 = 0 THEN 'gpu' ELSE (i % 9)::text END], CASE WHEN i % 100 = 0 THEN '{gpu}'::text[] ELSE '{}' END, 'agt_busy', 'y',
     now() - interval '9 days', now() - interval '8 days', now() - interval '8 days', now() - interval '8 days', now() - interval '1 day' FROM generate_series(1, 20000) i`,
  `INSERT INTO tasks (id, title, status, priority, tags, assignee_id, due_at)
   SELECT 'task_w' || i, 'Write ' || i, CASE i % 2 WHEN 0 THEN 'INBOX' ELSE 'ASSIGNED' END::task_status, 'MEDIUM', ARRAY['w' || i % 9],
     CASE i % 2 WHEN 1 THEN 'agt_busy' END, CASE WHEN i % 9 = 0 THEN now() - interval '1 hour' END FROM generate_series(1, 2000) i`,
  "UPDATE tasks SET status = 'REVIEW', resolution = 'y' WHERE id IN ('task_w11', 'task_w13')",
  "UPDATE tasks SET created_by_agent_id = 'agt_new' WHERE id IN ('task_d8', 'task_w2', 'task_w13')",
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, outcome, started_at, finished_at, lease_ms)
   SELECT 'run_' || id, id, 'agt_new', 2, 'CLAIM', CASE id WHEN 'task_d4' THEN 'RELEASED' ELSE 'SUCCEEDED' END::run_outcome, now(), now(), 60000
   FROM tasks WHERE id IN ('task_d4', 'task_w6', 'task_w9')`,
  "INSERT INTO former_assignees (agent_id, task_id) VALUES ('agt_new', 'task_w6'), ('agt_new', 'task_w9'), ('agt_idle', 'task_d1'), ('agt_idle', 'task_d2')",
  `INSERT INTO review_runs (id, task_id, agent_id, round, trigger, outcome, started_at, finished_at, lease_ms)
   VALUES ('rvr_1', 'task_d200', 'agt_new', 1, 'CLAIM', 'RELEASED', now(), now(), 60000)`,
  `INSERT INTO events (id, type, at, task_id, agent_id, actor_agent_id)
   SELECT 1 + i, CASE i WHEN 15000 THEN 'task.failed' ELSE 'task.claimed' END, now() - (20000 - i) * interval '1 second', 'task_d' || i, 'agt_busy', 'agt_busy' FROM generate_series(1, 20000) i`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, lease_ms, trigger, outcome, started_at, lease_expires_at, finished_at)
   SELECT 'run_0' || lpad(i::text, 25, '0'), 'task_d' || i, CASE WHEN i < 3 THEN 'agt_idle' ELSE 'agt_busy' END, 1, 60000, 'CLAIM',
     CASE i WHEN 7 THEN 'FAILED' WHEN 9 THEN 'RUNNING' ELSE 'SUCCEEDED' END::run_outcome, now(), now(), CASE WHEN i <> 9 THEN now() END FROM generate_series(1, 20000) i`,
];
