import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowedTransitions, FIRST_STATUSES, TASK_STATUSES } from '../../../src/domain/tasks/task-status.js';
import { createTestDatabase, type TestDatabase } from '../../support/postgres/database.js';
import { runSql } from '../../support/postgres/throw-away-postgres.js';

/** A row in any status whose other columns satisfy the invariants, so that only the guard can refuse it. */
const AN_ASSIGNEE = `INSERT INTO agents (id, name, role) VALUES ('agt_1', 'worker', 'agent') ON CONFLICT DO NOTHING`;
const IN_STATUS = (status: string) => `
  status = ${status}, resolution = 'done', assignee_id = CASE WHEN ${status} <> 'INBOX' THEN 'agt_1' END,
  current_run_id = CASE WHEN ${status} = 'IN_PROGRESS' THEN 'run_1' END,
  open_questions = CASE WHEN ${status} = 'INPUT_REQUIRED' THEN 1 ELSE 0 END,
  failure_reason = CASE WHEN ${status} = 'FAILED' THEN 'FAILED_BY_AGENT'::task_failure_reason END,
  completed_at = CASE WHEN ${status} IN ('DONE', 'FAILED', 'CANCELLED') THEN now() END`;

/**
 * Tries every transition and every first status in one statement. Rows get their first status with the triggers disabled,
 * are changed with the triggers enabled, and are rolled back.
 */
const TRY_ALL = `
  CREATE FUNCTION try_all_moves() RETURNS TABLE (was task_status, target task_status, answer text) LANGUAGE plpgsql AS $$
  DECLARE violated text;
  BEGIN
    FOR was, target IN SELECT f, t FROM unnest(enum_range(NULL::task_status)) f, unnest(enum_range(NULL::task_status)) t LOOP
      BEGIN
        SET LOCAL session_replication_role = replica;
        INSERT INTO tasks (id, title, status, tags) VALUES ('task_1', 'x', 'INBOX', '{}');
        UPDATE tasks SET ${IN_STATUS('was')};
        SET LOCAL session_replication_role = origin;
        UPDATE tasks SET ${IN_STATUS('target')};
        RAISE 'moved' USING ERRCODE = 'MOVED';
      EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
        answer := CASE WHEN SQLSTATE = 'MOVED' THEN 'moved' ELSE violated END;
        RETURN NEXT;
      END;
    END LOOP;
  END $$`;

describe('the guard in the database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await runSql(database.url, AN_ASSIGNEE, TRY_ALL);
  });
  afterAll(() => database.drop());

  it('allows the transitions of the table and refuses all others', async () => {
    const tried = await runSql(database.url, 'SELECT * FROM try_all_moves()');
    expect(tried).toHaveLength(TASK_STATUSES.length ** 2);
    const moved = TASK_STATUSES.map((from) => [
      from,
      tried.filter((each) => each.was === from && each.answer === 'moved').map((each) => String(each.target)),
    ]);
    // The same status is not a transition to the trigger: a reassignment and every edit keep the status.
    const table = TASK_STATUSES.map((from) => [
      from,
      TASK_STATUSES.filter((to) => to === from || allowedTransitions(from).includes(to)),
    ]);
    expect(moved).toEqual(table);
    const refusals = tried.filter((each) => each.answer !== 'moved').map((each) => each.answer);
    expect(new Set(refusals)).toEqual(new Set(['tasks_status_move']));
  });

  it.each(TASK_STATUSES)(
    'allows a new task with the status %s only if the table allows it',
    async (status) => {
      const insert = runSql(
        database.url,
        'BEGIN',
        `INSERT INTO tasks (id, title, status, tags, resolution, assignee_id, current_run_id, failure_reason, completed_at)
       SELECT 'task_2', 'x', v.status, '{}', 'done', CASE WHEN v.status <> 'INBOX' THEN 'agt_1' END,
         CASE WHEN v.status = 'IN_PROGRESS' THEN 'run_1' END,
         CASE WHEN v.status = 'FAILED' THEN 'FAILED_BY_AGENT'::task_failure_reason END,
         CASE WHEN v.status IN ('DONE', 'FAILED', 'CANCELLED') THEN now() END
       FROM (SELECT '${status}'::task_status) v(status)`,
        'ROLLBACK',
      );
      if (FIRST_STATUSES.includes(status)) await insert;
      else await expect(insert).rejects.toMatchObject({ code: '23514', constraint: 'tasks_status_move' });
    },
  );

  it('lets a transaction pass through REJECTED, and not commit a task in REJECTED', async () => {
    const begin = [
      'BEGIN',
      'SET LOCAL session_replication_role = replica',
      "INSERT INTO tasks (id, title, status, tags, assignee_id, resolution) VALUES ('task_3', 'x', 'REVIEW', '{}', 'agt_1', 'done')",
      'SET LOCAL session_replication_role = origin',
      "UPDATE tasks SET status = 'REJECTED' WHERE id = 'task_3'",
    ];
    await expect(runSql(database.url, ...begin, 'COMMIT')).rejects.toMatchObject({
      code: '23514',
      constraint: 'tasks_rejected_is_passing',
    });
    const onward = "UPDATE tasks SET status = 'ASSIGNED' WHERE id = 'task_3'";
    await runSql(database.url, ...begin, onward, 'COMMIT');
    expect(await runSql(database.url, 'SELECT id, status FROM tasks')).toEqual([
      { id: 'task_3', status: 'ASSIGNED' },
    ]);
  });
});

describe('the invariants in the database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
    await runSql(
      database.url,
      AN_ASSIGNEE,
      "INSERT INTO tasks (id, title, status, tags, assignee_id) VALUES ('task_1', 'x', 'ASSIGNED', '{}', 'agt_1')",
      `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, lease_ms, lease_expires_at)
       VALUES ('run_1', 'task_1', 'agt_1', 1, 'CLAIM', 10000, now())`,
      `INSERT INTO quality_reviews (id, task_id, round, verdict) VALUES ('rev_1', 'task_1', 1, 'APPROVED')`,
      `INSERT INTO review_runs (id, task_id, round, agent_id, lease_ms, lease_expires_at)
       VALUES ('rvr_1', 'task_1', 1, 'agt_1', 10000, now())`,
    );
  });
  afterAll(() => database.drop());

  it.each([
    ['tasks_running_has_run', "UPDATE tasks SET status = 'IN_PROGRESS'"],
    ['tasks_running_has_run', "UPDATE tasks SET current_run_id = 'run_1'"],
    ['tasks_inbox_has_no_assignee', "UPDATE tasks SET status = 'INBOX'"],
    ['tasks_active_has_assignee', 'UPDATE tasks SET assignee_id = NULL'],
    ['tasks_failed_has_reason', "UPDATE tasks SET failure_reason = 'FAILED_BY_AGENT'"],
    ['tasks_ended_has_end', "UPDATE tasks SET status = 'CANCELLED'"],
    ['tasks_counters', 'UPDATE tasks SET dispatch_attempts = 6'],
    ['tasks_counters', 'UPDATE tasks SET review_cycles = 4'],
    ['tasks_counters', 'UPDATE tasks SET stale_requeues = 6'],
    ['tasks_counters', 'UPDATE tasks SET open_dependencies = -1'],
    ['tasks_title_not_empty', "UPDATE tasks SET title = ''"],
    ['tasks_title_not_empty', "UPDATE tasks SET title = repeat('x', 501)"],
    ['task_runs_open_or_finished', "UPDATE task_runs SET outcome = 'FAILED'"],
    ['task_runs_open_has_lease', 'UPDATE task_runs SET lease_expires_at = NULL'],
    ['task_runs_lease_length', 'UPDATE task_runs SET lease_ms = 9999'],
    ['task_runs_lease_length', 'UPDATE task_runs SET lease_ms = 86400001'],
    ['task_runs_percent', 'UPDATE task_runs SET progress_percent = 100.5'],
    ['review_runs_open_or_finished', 'UPDATE review_runs SET finished_at = now()'],
    ['quality_reviews_rejection_has_feedback', "UPDATE quality_reviews SET verdict = 'REJECTED'"],
    [
      'quality_reviews_rejection_has_feedback',
      "UPDATE quality_reviews SET verdict = 'REJECTED', feedback = ''",
    ],
    ['agents_name_form', "UPDATE agents SET name = 'a b'"],
    ['agents_capacity', 'UPDATE agents SET max_capacity = 0'],
    ['agents_capacity', 'UPDATE agents SET max_capacity = 101'],
    [
      'api_keys_agent_role_has_agent',
      "INSERT INTO api_keys (id, name, prefix, hash, role) VALUES ('key_1', 'x', 'mc_', 'x', 'AGENT')",
    ],
    [
      'task_dependencies_not_itself',
      "INSERT INTO task_dependencies (task_id, depends_on_id) VALUES ('task_1', 'task_1')",
    ],
    [
      'task_runs_one_open',
      `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, lease_ms, lease_expires_at)
       VALUES ('run_2', 'task_1', 'agt_1', 2, 'CLAIM', 10000, now())`,
    ],
    [
      'review_runs_one_open',
      `INSERT INTO review_runs (id, task_id, round, agent_id, lease_ms, lease_expires_at)
       VALUES ('rvr_2', 'task_1', 1, 'agt_1', 10000, now())`,
    ],
    [
      'quality_reviews_one_per_round',
      "INSERT INTO quality_reviews (id, task_id, round, verdict) VALUES ('rev_2', 'task_1', 1, 'APPROVED')",
    ],
  ])('%s refuses %s', async (constraint, statement) => {
    await expect(runSql(database.url, statement)).rejects.toMatchObject({ constraint });
  });
});
