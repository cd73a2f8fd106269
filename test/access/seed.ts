import type { NewEvent } from '../../src/domain/events/event-types.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import { acknowledge } from '../../src/services/attention/acknowledge.js';
import { createPipeline } from '../../src/services/pipelines/save-pipeline.js';
import { startPipeline } from '../../src/services/pipelines/start-pipeline.js';
import { answerQuestion } from '../../src/services/questions/answer-question.js';
import { askQuestion } from '../../src/services/questions/ask-question.js';
import { fireRecurringTask } from '../../src/services/recurring/fire-recurring-task.js';
import { claimNextReview } from '../../src/services/reviews/claim-next-review.js';
import { submitVerdict } from '../../src/services/reviews/submit-verdict.js';
import { completeTask } from '../../src/services/runs/complete-task.js';
import { failTask } from '../../src/services/runs/fail-task.js';
import { reportProgress } from '../../src/services/runs/renew-lease.js';
import { addComment } from '../../src/services/tasks/add-comment.js';
import { cancelTask } from '../../src/services/tasks/cancel-task.js';
import { type CreateTask, createTask } from '../../src/services/tasks/create-task.js';
import { updateTask } from '../../src/services/tasks/update-task.js';
import { createWebhook } from '../../src/services/webhooks/edit-webhooks.js';
import type { TaskRow } from '../../src/store/tasks/tasks.js';
import { claimFor, neverAborted } from '../support/factories/claims.js';
import { anAgent } from '../support/factories/factory.js';
import { step } from '../support/factories/pipelines.js';
import { aRecurringTask } from '../support/factories/recurring.js';
import type { World } from './world.js';

/** The ids of the seeded objects, as variables of the routes. All of them belong to the work of the agent `own`. */
export interface Seeded extends Record<string, readonly string[]> {
  readonly tasks: readonly string[];
  readonly runs: readonly string[];
  readonly reviewRuns: readonly string[];
  readonly reviews: readonly string[];
  readonly comments: readonly string[];
  readonly questions: readonly string[];
  readonly pipelines: readonly string[];
  readonly pipelineRuns: readonly string[];
  readonly recurringTasks: readonly string[];
  readonly webhooks: readonly string[];
  readonly keys: readonly string[];
}

/** Seeds an instance of every type of object, with a value in every column, by the public operations where there is one. */
export async function seed(world: World): Promise<Seeded> {
  const { services } = world.graph;
  const child = await recurringChild(world);
  const pipelineRunId = await aRunOfPipeline(world);
  const failed = await aFailedTask(world);
  const done = await aReviewedTask(world);
  await anAnsweredQuestion(world);
  const open = await createTaskOfOwn(world, { priority: 'CRITICAL', dependsOn: [{ id: done.id }] });
  const run = await claimOf(world, open);
  await reportProgress(services, world.viewers.OWN, { runId: run, message: 'Half of it', percent: 50 });
  await createTaskOfOwn(world, { dependsOn: [{ id: open.id }] });
  const comment = await addComment(services, world.viewers.OWN, {
    task: { id: open.id },
    body: 'First, for @peer',
  });
  await addComment(services, world.viewers.OWN, {
    task: { id: open.id },
    body: 'Second',
    inReplyToId: comment.id,
  });
  await updateTask(services, services.admin, { task: { id: open.id }, title: 'Renamed' });
  await fillColumns(world);
  await needAttention(world, failed);
  await emitRareEvents(world, { open, failed, run });
  await services.sql('UPDATE tasks SET created_by_key_id = NULL WHERE id = $1', [child]);
  await world.graph.settled();
  return readIds(world, { open, pipelineRunId });
}

/** Creates a task with the key of `peer` that is assigned to `own`. */
export async function createTaskOfOwn(world: World, input: Partial<CreateTask> = {}): Promise<TaskRow> {
  const assignee = { id: world.agents.own.id };
  return createTask(world.graph.services, world.viewers.PEER, { title: 'Work', assignee, ...input });
}

/** Claims the task, which must be the first in the queue of `own`, and returns the id of the run. */
export async function claimOf({ graph, agents }: World, task: TaskRow): Promise<string> {
  const claim = await claimFor(graph.services, agents.own);
  if (claim.task?.id !== task.id || claim.run === null) throw new Error(`claimed ${claim.task?.title}`);
  return claim.run.id;
}

async function aReviewedTask(world: World): Promise<TaskRow> {
  const { services } = world.graph;
  const task = await createTaskOfOwn(world, { priority: 'CRITICAL' });
  const judge = { id: world.agents.judge.id };
  for (const verdict of ['REJECTED', 'APPROVED'] as const) {
    const runId = await claimOf(world, task);
    await completeTask(services, world.viewers.OWN, { runId, resolution: 'The result' });
    await claimNextReview(services, services.admin, { agent: judge }, neverAborted);
    const given = { task: { id: task.id }, verdict, feedback: 'As asked?', reviewer: judge };
    await submitVerdict(services, services.admin, given);
  }
  return task;
}

async function aFailedTask(world: World): Promise<TaskRow> {
  const { services } = world.graph;
  const task = await createTaskOfOwn(world, { priority: 'CRITICAL' });
  const runId = await claimOf(world, task);
  await createTaskOfOwn(world, { dependsOn: [{ id: task.id }] });
  await failTask(services, world.viewers.OWN, { runId, error: 'It broke', retry: false });
  return task;
}

async function anAnsweredQuestion(world: World): Promise<void> {
  const { services } = world.graph;
  const task = await createTaskOfOwn(world, { priority: 'CRITICAL' });
  const { question } = await askQuestion(services, world.viewers.OWN, {
    runId: await claimOf(world, task),
    text: 'Which one?',
    kind: 'CHOICE',
    options: [
      { key: 'a', label: 'This', description: 'The first' },
      { key: 'b', label: 'That' },
    ],
    deadline: 60_000,
    default: { choices: ['a'] },
  });
  await answerQuestion(services, services.admin, { id: question.id, answer: { choices: ['b'] } });
  await cancelTask(services, services.admin, { task: { id: task.id } });
}

async function recurringChild({ graph: { services }, agents }: World): Promise<string> {
  const template = {
    assignee: { id: agents.own.id },
    description: 'All of it',
    tags: ['a'],
    requires: ['typescript'],
  };
  const recurring = await aRecurringTask(services, { template });
  const child = await fireRecurringTask(services, services.admin, recurring.id);
  return child.task?.id ?? '';
}

async function aRunOfPipeline({ graph: { services }, agents, viewers }: World): Promise<string> {
  const template = {
    assignee: { id: agents.own.id },
    description: '{{topic}}',
    tags: ['a'],
    requires: ['typescript'],
    metadata: { a: 1 },
    dueIn: 60_000,
  };
  const steps = [step('a', [], { template }), step('b', ['a'], { template })];
  await createPipeline(services, services.admin, { name: 'pipeline', steps });
  const { id } = await startPipeline(services, viewers.PEER, { name: 'pipeline', variables: { topic: 'x' } });
  return id;
}

/** Fills the columns that only dispatched runs, or rare moves, have values in. */
async function fillColumns({ graph: { services }, agents }: World): Promise<void> {
  const runs = `trigger = 'DISPATCH', prompt = 'asked', output = 'answered', error = 'odd', model = 'opus', gateway = 'echo',
    gateway_run_id = 'r1', input_tokens = 1, output_tokens = 2, cost_usd = 0.5`;
  const statements = [
    `UPDATE tasks SET description = 'All of it', tags = '{a}', requires = '{typescript}', metadata = '{"a":1}',
       due_at = now(), starts_at = now() - interval '1 hour'`,
    `UPDATE tasks SET failure_detail = 'It broke' WHERE status = 'FAILED'`,
    `UPDATE task_runs SET ${runs}, model_tier = 'COMPLEX', progress = 'Half of it', progress_percent = 50`,
    `UPDATE review_runs SET ${runs}, lease_expires_at = now()`,
    `UPDATE questions SET escalated_at = now(), answer = '{"text":"x","choices":["a"],"confirmed":true}',
       default_answer = '{"text":"x","choices":["a"],"confirmed":true}'`,
    "UPDATE pipeline_runs SET finished_at = now(), status = 'SUCCEEDED'",
    `UPDATE agents SET dispatch_model = 'opus', default_model = 'haiku', gateway = 'echo', gateway_agent_id = 'main',
       timeout_ms = 60000, config_extra = '{"a":1}' WHERE id = '${agents.own.id}'`,
    `UPDATE recurring_tasks SET due_in_ms = 60000, metadata = '{"a":1}', last_skipped_at = now(), last_skip_reason = 'open'`,
    `UPDATE recurring_firings SET skipped_reason = 'open'`,
    `UPDATE api_keys SET last_used_at = now(), expires_at = now() + interval '1 day'`,
    `INSERT INTO scheduler_jobs (name, last_run_at, last_duration_ms, last_handled, last_error)
       VALUES ('pruneEvents', now(), 1, 2, 'odd')`,
  ];
  for (const statement of statements) await services.sql(statement);
}

/** Causes an item of each kind of subject that needs attention, one of them acknowledged. */
async function needAttention({ graph: { services }, viewers }: World, failed: TaskRow): Promise<void> {
  const ghost = await anAgent(services, { name: 'ghost' });
  await createTask(services, services.admin, { title: 'Waits', assignee: { id: ghost.id } });
  await services.sql('UPDATE agents SET last_seen_at = NULL WHERE id = $1', [ghost.id]);
  await services.sql(`INSERT INTO questions (id, task_id, run_id, asked_by_agent_id, text, kind)
    SELECT 'qst_00000000000000000000000001', task_id, run_id, asked_by_agent_id, 'Open?', 'TEXT' FROM questions LIMIT 1`);
  await services.sql(`INSERT INTO recurring_firings (recurring_task_id, due_at, fired_at, skipped_reason)
    SELECT id, now(), now(), 'open' FROM recurring_tasks`);
  await services.sql(
    `INSERT INTO gateway_outages (gateway, error, expires_at) VALUES ('echo', 'down', now() + interval '1 day')`,
  );
  const { webhook } = await createWebhook(services, viewers.ADMIN, {
    ...{ url: 'http://127.0.0.1:1/', filter: { types: ['task'] }, position: null },
    document: 'subscription { events { id } }',
  });
  await services.sql(
    `UPDATE webhooks SET paused_at = now(), pause_reason = 'It has failed for a day.', failures = 3, failing_since = now(),
       retry_at = now(), last_status = 500, last_error = 'odd', last_delivered_at = now() WHERE id = $1`,
    [webhook.id],
  );
  await services.sql(
    `INSERT INTO webhook_deliveries (webhook_id, event_id, attempt, status, duration_ms, error, answer)
       VALUES ($1, 'evt_00000000000000000000000001', 1, 500, 2, 'odd', 'no')`,
    [webhook.id],
  );
  await acknowledge(services, viewers.ADMIN, { id: `att_${failed.id.slice(-26)}` });
}

/** Appends the events that only the scheduler, gateways or rare moves cause. */
async function emitRareEvents(
  { graph: { services }, agents, viewers }: World,
  { open, failed, run }: { readonly open: TaskRow; readonly failed: TaskRow; readonly run: string },
): Promise<void> {
  const [recurring] = await services.sql<{ id: string }>('SELECT id FROM recurring_tasks');
  const [webhook] = await services.sql<{ id: string }>('SELECT id FROM webhooks');
  const [pipelineRun] = await services.sql<{ id: string }>('SELECT id FROM pipeline_runs');
  const actor = { keyId: viewers.ADMIN.keyId, agentId: null };
  const ofTask = { actor, taskId: open.id, agentId: agents.own.id, runId: run };
  const reason = 'Because it is so';
  const events: NewEvent[] = [
    { ...ofTask, type: 'task.assignee_offline', payload: { reason } },
    { ...ofTask, type: 'task.unblocked' },
    { ...ofTask, type: 'task.status_changed', payload: { from: 'ASSIGNED', to: 'IN_PROGRESS', reason } },
    {
      ...ofTask,
      type: 'task.assigned',
      payload: { assigneeId: agents.own.id, previousAssigneeId: agents.peer.id },
    },
    { ...ofTask, type: 'task.dependency_failed', payload: { dependencyId: failed.id } },
    { ...ofTask, type: 'review.escalated', payload: { round: 1, reason } },
    { actor, type: 'agent.status_changed', agentId: agents.own.id, payload: { from: 'IDLE', to: 'BUSY' } },
    {
      actor,
      type: 'recurring.updated',
      recurringTaskId: recurring?.id ?? '',
      payload: { changedFields: ['name'], message: 'x', reason },
    },
    {
      actor,
      type: 'pipeline.finished',
      pipelineRunId: pipelineRun?.id ?? '',
      payload: { from: 'RUNNING', to: 'SUCCEEDED' },
    },
    { actor, type: 'gateway.broken', payload: { gateway: 'echo', message: '401' } },
    {
      actor,
      type: 'webhook.failing',
      payload: { webhookId: webhook?.id ?? '', reason, changedFields: ['url'] },
    },
    { actor, type: 'attention.acknowledged', payload: { itemId: `att_${failed.id.slice(-26)}` } },
    {
      actor,
      type: 'scheduler.paused',
      payload: { job: 'pruneEvents', message: 'pruneEvents is paused.' },
    },
  ];
  await inTransaction(services.database, async (tx) => {
    for (const event of events) tx.emit(event);
  });
}

async function readIds(
  { graph: { services }, viewers }: World,
  { open, pipelineRunId }: { readonly open: TaskRow; readonly pipelineRunId: string },
): Promise<Seeded> {
  const ids = async (table: string) =>
    (await services.sql<{ id: string }>(`SELECT id FROM ${table} ORDER BY id`)).map(({ id }) => id);
  return {
    tasks: [open.id, ...(await ids('tasks')).filter((id) => id !== open.id)],
    runs: await ids('task_runs'),
    reviewRuns: await ids('review_runs'),
    reviews: await ids('quality_reviews'),
    comments: await ids('comments'),
    questions: await ids('questions'),
    pipelines: await ids('pipelines'),
    pipelineRuns: [pipelineRunId],
    recurringTasks: await ids('recurring_tasks'),
    webhooks: await ids('webhooks'),
    keys: [viewers.OWN.keyId],
  };
}
