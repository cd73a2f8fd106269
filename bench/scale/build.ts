import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { applyMigrations } from '../../src/postgres/migrate.js';
import { getTypeParser } from '../../src/postgres/type-parsers.js';
import { countActivity } from '../../src/store/activity/count-activity.js';
import { indexTexts } from '../../src/store/search/index-texts.js';
import { createTrigramIndex } from '../../src/store/search/trigram-index.js';

const MIGRATIONS = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** The agents of each database. The last one has never worked. */
export const AGENTS = 50;

/** The days over which the tasks are spread. Both sizes use the same, so that a window has the same share of each. */
export const DAYS = 30;

/** Tasks, runs, reviews, comments and events as a server would have written them. `n` is the number of tasks. */
const FILL: readonly string[] = [
  `INSERT INTO agents (id, name, role, max_capacity, last_seen_at)
   SELECT 'agt_' || lpad(i::text, 26, '0'), 'agent-' || i, 'agent', 100, now() FROM generate_series(1, ${AGENTS}) i`,
  // Most tasks are done and old; of the last fifth most wait. The hashes make all other properties independent of each other.
  `CREATE UNLOGGED TABLE plan AS
   SELECT i, now() - interval '${DAYS} days' + (i::float8 / :n) * interval '${DAYS} days' AS created,
     'agt_' || lpad((1 + a % ${AGENTS - 1})::text, 26, '0') AS agent, md5(i::text) AS noise, b, c, d,
     (1 + a % 600) * interval '1 second' AS took,
     CASE WHEN h < 15 THEN 'FAILED' WHEN h < 25 THEN 'CANCELLED' WHEN h < 30 THEN 'REVIEW' WHEN i % (:n / 100) = 0 THEN 'IN_PROGRESS'
       WHEN i > :n * 0.81 OR h BETWEEN 40 AND 52 THEN CASE WHEN d % 2 = 0 THEN 'INBOX' ELSE 'ASSIGNED' END ELSE 'DONE' END::task_status AS status
   FROM (SELECT i::bigint, abs(hashint8extended(i, 1)) % 1000 AS h, abs(hashint8extended(i, 2)) % 1000000 AS a, abs(hashint8extended(i, 3)) % 1000000 AS b,
       abs(hashint8extended(i, 4)) % 1000000 AS c, abs(hashint8extended(i, 5)) % 1000000 AS d
     FROM generate_series(1, :n) i) numbers`,
  `INSERT INTO tasks (id, number, title, description, status, priority, tags, requires, assignee_id, pinned, due_at, current_run_id,
     run_count, review_round, review_cycles, resolution, failure_reason, created_at, updated_at, status_at, started_at, completed_at)
   SELECT 'task_' || lpad(i::text, 26, '0'), i,
     (ARRAY['Deploy', 'Review', 'Rewrite', 'Measure', 'Repair', 'Translate', 'Remove', 'Document'])[1 + b % 8] || ' the '
       || (ARRAY['gateway', 'invoice', 'search page', 'login form', 'parser', 'backup', 'report'])[1 + c % 7] || ' ' || left(noise, 6),
     'The change ' || left(noise, 5) || ' of ' || substr(noise, 6, 4) || ' breaks ' || substr(noise, 10, 6)
       || ' when a customer of the region ' || d % 400 || ' opens the settings. Read ' || substr(noise, 16, 7) || ' first, then '
       || (ARRAY['write a test', 'ask the owner', 'roll it back', 'compare both versions'])[1 + b % 400 % 4] || ' before ' || substr(noise, 23, 8),
     status, (ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'MEDIUM', 'LOW'])[1 + c % 5]::task_priority,
     CASE WHEN i % (:n / 20) = 1 THEN '{rare}' WHEN b % 3 = 0 THEN '{}' ELSE ARRAY['team-' || d % 20, 'area-' || b % 200] END,
     CASE WHEN c % 25 = 0 THEN ARRAY['skill-' || d % 4] ELSE '{}' END,
     CASE WHEN status NOT IN ('INBOX', 'CANCELLED') THEN agent END, status = 'ASSIGNED' AND b % 4 = 0,
     CASE WHEN d % 3 = 0 THEN created + (c % 40) * interval '1 day' END,
     CASE WHEN status = 'IN_PROGRESS' THEN 'run_' || lpad(i::text, 26, '0') END,
     CASE WHEN status IN ('INBOX', 'ASSIGNED', 'CANCELLED') THEN 0 ELSE 1 END,
     CASE WHEN status IN ('DONE', 'REVIEW') THEN 1 ELSE 0 END, CASE WHEN status = 'DONE' AND b % 12 = 0 THEN 1 ELSE 0 END,
     CASE WHEN status IN ('DONE', 'REVIEW') THEN 'Done in ' || substr(noise, 8, 6) || ', with a test.' END,
     CASE WHEN status = 'FAILED' THEN (ARRAY['FAILED_BY_AGENT', 'DISPATCH_ATTEMPTS_EXHAUSTED'])[1 + b % 2]::task_failure_reason END,
     created, CASE WHEN status IN ('INBOX', 'ASSIGNED') THEN created ELSE created + took END,
     CASE WHEN status IN ('INBOX', 'ASSIGNED') THEN created ELSE created + took END,
     CASE WHEN status NOT IN ('INBOX', 'ASSIGNED', 'CANCELLED') THEN created END,
     CASE WHEN status IN ('DONE', 'FAILED', 'CANCELLED') THEN created + took END
   FROM plan ORDER BY i`,
  `INSERT INTO task_runs (id, task_id, agent_id, number, trigger, outcome, started_at, finished_at, lease_ms, lease_expires_at, model, model_signals)
   SELECT 'run_' || lpad(i::text, 26, '0'), 'task_' || lpad(i::text, 26, '0'), agent, 1, 'CLAIM',
     CASE status WHEN 'FAILED' THEN 'FAILED' WHEN 'IN_PROGRESS' THEN 'RUNNING' ELSE 'SUCCEEDED' END::run_outcome, created,
     CASE WHEN status <> 'IN_PROGRESS' THEN created + took END, 600000,
     CASE WHEN status = 'IN_PROGRESS' THEN now() + interval '10 minutes' END,
     CASE WHEN i % (:n / 20) = 3 THEN 'rare' WHEN c % 3 > 0 THEN (ARRAY['small', 'large'])[1 + b % 2] END, '{}'
   FROM plan WHERE status IN ('DONE', 'REVIEW', 'FAILED', 'IN_PROGRESS') ORDER BY i`,
  `INSERT INTO quality_reviews (id, task_id, round, run_id, verdict, feedback, superseded, created_at)
   SELECT 'rev_' || lpad(i::text, 26, '0'), 'task_' || lpad(i::text, 26, '0'), 1, 'run_' || lpad(i::text, 26, '0'),
     CASE WHEN b % 12 = 0 THEN 'REJECTED' ELSE 'APPROVED' END::verdict, 'Compared with ' || substr(noise, 3, 6), false, created + took
   FROM plan WHERE status = 'DONE' ORDER BY i`,
  `INSERT INTO comments (id, task_id, author_agent_id, body, created_at)
   SELECT 'cmt_' || lpad(i::text, 26, '0'), 'task_' || lpad(i::text, 26, '0'), agent, 'I saw ' || substr(noise, 12, 6) || ' in the log.', created + took
   FROM plan WHERE d % 5 = 0 ORDER BY i`,
  `INSERT INTO events (id, type, at, task_id, agent_id, actor_agent_id, run_id, review_id, payload)
   SELECT row_number() OVER (ORDER BY at, i, step), type, at, 'task_' || lpad(i::text, 26, '0'), agent, CASE WHEN step > 1 THEN agent END, 
     CASE WHEN step BETWEEN 2 AND 4 THEN 'run_' || lpad(i::text, 26, '0') END, CASE WHEN step = 4 THEN 'rev_' || lpad(i::text, 26, '0') END, payload::jsonb
   FROM (
     SELECT i, created AS at, 1 AS step, 'task.created' AS type, NULL AS agent, '{"to": "INBOX"}' AS payload FROM plan
     UNION ALL SELECT i, created, 2, 'task.claimed', agent, '{"from": "INBOX", "to": "IN_PROGRESS"}' FROM plan WHERE status IN ('DONE', 'REVIEW', 'FAILED', 'IN_PROGRESS')
     UNION ALL SELECT i, created + took, 3, CASE status WHEN 'FAILED' THEN 'run.failed' ELSE 'run.succeeded' END, agent, '{}' FROM plan WHERE status IN ('DONE', 'REVIEW', 'FAILED')
     UNION ALL SELECT i, created + took, 4, 'review.submitted', agent, '{"round": 1}' FROM plan WHERE status = 'DONE'
     UNION ALL SELECT i, created + took, 5, 'task.approved', agent, '{"from": "REVIEW", "to": "DONE"}' FROM plan WHERE status = 'DONE'
     UNION ALL SELECT i, created + took, 5, 'task.failed', agent, '{"from": "IN_PROGRESS", "to": "FAILED"}' FROM plan WHERE status = 'FAILED'
     UNION ALL SELECT i, created + took, 5, 'task.cancelled', agent, '{"from": "INBOX", "to": "CANCELLED"}' FROM plan WHERE status = 'CANCELLED'
     UNION ALL SELECT i, created + took, 6, 'task.comment_added', agent, '{}' FROM plan WHERE i % (:n / 20) = 2) e
   ORDER BY at, i, step`,
  `SELECT setval('tasks_number_seq', :n)`,
  'DROP TABLE plan',
];

/** Fills a new database with this many tasks. Indexes are made at the end, which takes a third of the time. */
export async function buildScale(url: string, tasks: number): Promise<void> {
  await applyMigrations(url, { folder: MIGRATIONS });
  await withClient(url, async (client) => {
    await client.query(
      "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'",
    );
    const { rows } = await client.query<{ name: string; text: string }>(
      `SELECT indexname AS name, indexdef AS text FROM pg_indexes
       WHERE tablename IN ('tasks', 'task_runs', 'quality_reviews', 'comments', 'events') AND schemaname = 'public'
         AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
    );
    for (const { name } of rows) await client.query(`DROP INDEX ${pg.escapeIdentifier(name)}`);
    for (const statement of FILL) await client.query(statement.replaceAll(':n', String(tasks)));
    for (const { text } of rows) await client.query(text);
    await client.query('ANALYZE');
  });
}

/** Makes the newest migrations, and does what the jobs of a server would do. Does nothing to a database that is finished. */
export async function finishScale(url: string): Promise<void> {
  const applied = await applyMigrations(url, { folder: MIGRATIONS });
  await withClient(url, async (client) => {
    while ((await countActivity(client, 20_000)).hasMore);
    const { seen } = await indexTexts(client, 20_000);
    while ((await indexTexts(client, 20_000)).hasMore);
    const isNew = applied.length > 0 || seen > 0;
    await createTrigramIndex(client);
    if (isNew) await client.query('VACUUM ANALYZE');
  });
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser } });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
