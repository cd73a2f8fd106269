import { expect, vi } from 'vitest';
import { SYSTEM } from '../../src/domain/actor.js';
import { inTransaction } from '../../src/postgres/transaction.js';
import { createApiKey } from '../../src/services/keys/api-keys.js';
import { moveTask } from '../../src/services/moves/move-task.js';
import { createPipeline } from '../../src/services/pipelines/save-pipeline.js';
import { answerQuestion } from '../../src/services/questions/answer-question.js';
import { askQuestion } from '../../src/services/questions/ask-question.js';
import { createQuotas } from '../../src/services/quotas.js';
import { completeTask } from '../../src/services/runs/complete-task.js';
import { failTask } from '../../src/services/runs/fail-task.js';
import { addComment } from '../../src/services/tasks/add-comment.js';
import { cancelTask } from '../../src/services/tasks/cancel-task.js';
import { lockTask } from '../../src/store/tasks/tasks.js';
import { aPipelineRun, step } from '../support/factories/pipelines.js';
import { aRecurringTask } from '../support/factories/recurring.js';
import { claimOf, createTaskOfOwn } from './seed.js';
import { createWebhookId } from './webhooks.js';
import type { World, WorldAnswer } from './world.js';

/** A call of a mutation: its variables, on objects of their own that belong to the work of `own`. */
export interface MutationCall {
  readonly mutation: string;
  readonly variables: (world: World) => Promise<object>;
  /** Sends the call while something else happens. */
  readonly send?: (world: World, send: () => Promise<WorldAnswer>) => Promise<WorldAnswer>;
}

let made = 0;
const unique = (word: string) => {
  made += 1;
  return `${word}-${made}`;
};
const own = { name: 'own' };
const template = { title: 'Work', assignee: own };

const assigned = async (world: World) => ({ id: (await createTaskOfOwn(world)).id });

async function claimed(world: World) {
  // The first in the queue of `own`, before everything that earlier calls have left.
  const first = { priority: 'CRITICAL', dueAt: new Date(1_000_000_000_000 - made * 1_000) } as const;
  made += 1;
  const task = await createTaskOfOwn(world, first);
  return { task: { id: task.id }, runId: await claimOf(world, task) };
}

async function inReview(world: World) {
  const { task, runId } = await claimed(world);
  await completeTask(world.graph.services, world.viewers.OWN, { runId, resolution: 'Done' });
  return task;
}

async function asked(world: World) {
  const { runId } = await claimed(world);
  const { viewers, graph } = world;
  const { question } = await askQuestion(graph.services, viewers.OWN, { runId, text: 'Which one?' });
  return question.id;
}

const answer = { text: 'This one' };

async function failed(world: World) {
  const { task, runId } = await claimed(world);
  await failTask(world.graph.services, world.viewers.OWN, { runId, error: 'Broken', retry: false });
  return task;
}

const services = (world: World) => [world.graph.services, world.graph.services.admin] as const;
const aPipeline = async (world: World) => {
  const name = unique('pipeline');
  await createPipeline(...services(world), { name, steps: [step('a')] });
  return name;
};
const recurringId = async (world: World) => ({ id: (await aRecurringTask(world.graph.services)).id });
const input = (value: object) => ({ input: value });
const none = { filter: { search: 'matches nothing' } };

/** One call of each mutation. */
export const MUTATIONS: Readonly<Record<string, MutationCall['variables']>> = {
  acknowledge: async (world) => ({ id: `att_${(await failed(world)).id.slice(-26)}` }),
  addComment: async (world) => input({ task: await assigned(world), body: 'x' }),
  addDependency: async (world) => input({ task: await assigned(world), dependsOn: await assigned(world) }),
  answerQuestion: async (world) => input({ id: await asked(world), answer }),
  askQuestion: async (world) => input({ runId: (await claimed(world)).runId, text: 'x' }),
  assignTask: async (world) => input({ task: await assigned(world), assignee: { name: 'other' } }),
  assignTasks: async () => input({ ...none, assignee: own }),
  cancelPipelineRun: async (world) => ({ id: (await aPipelineRun(world.graph.services, [step('a')])).id }),
  cancelTask: async (world) => input({ task: await assigned(world) }),
  cancelTasks: async () => input(none),
  claimNextReview: async (world) => {
    await inReview(world);
    return input({ agent: { name: 'judge' } });
  },
  claimNextTask: async (world) => {
    const { task, runId } = await claimed(world);
    const { question } = await askQuestion(...services(world), { runId, text: 'Which one?' });
    await answerQuestion(...services(world), { id: question.id, answer });
    await addComment(...services(world), { task, body: 'Go on' });
    return input({ agent: own });
  },
  completeTask: async (world) => input({ runId: (await claimed(world)).runId, resolution: 'x' }),
  createSignInLink: async () => ({}),
  createApiKey: async () => input({ name: unique('key'), role: 'VIEWER' }),
  createPipeline: async () =>
    input({ name: unique('pipeline'), steps: [{ key: 'a', template: { title: 'Work' } }] }),
  createRecurringTask: async () => input({ name: unique('recurring'), schedule: 'daily', template }),
  createWebhook: async () => input({ url: 'http://127.0.0.1:1/', filter: { types: ['task'] } }),
  createTask: async () => input({ title: 'x', assignee: own }),
  createTasks: async () => ({ inputs: [{ title: 'x', assignee: own }] }),
  disconnectAgent: async () => ({ agent: own }),
  failTask: async (world) => input({ runId: (await claimed(world)).runId, error: 'x' }),
  fireRecurringTask: recurringId,
  heartbeat: async (world) => {
    const { runId } = await claimed(world);
    const asking = { runId, text: 'Which one?', blocking: false };
    const { question } = await askQuestion(...services(world), asking);
    await answerQuestion(...services(world), { id: question.id, answer });
    return input({ agent: own });
  },
  pauseAgent: async () => ({ agent: own }),
  pauseRecurringTask: recurringId,
  pauseWebhook: createWebhookId,
  pingWebhook: createWebhookId,
  removeWebhook: createWebhookId,
  replayWebhook: async (world) => input({ ...(await createWebhookId(world)), since: '2026-01-01T00:00:00Z' }),
  resumeWebhook: createWebhookId,
  rotateWebhookSecret: createWebhookId,
  updateWebhook: async (world) => input({ ...(await createWebhookId(world)), format: 'SLACK' }),
  pauseSchedulerJob: async () => ({ name: 'pruneEvents' }),
  registerAgent: async () => input({ name: 'own', capabilities: [unique('word')] }),
  releaseTask: async (world) => input({ runId: (await claimed(world)).runId }),
  removeDependency: async (world) => {
    const dependsOn = await assigned(world);
    const task = await createTaskOfOwn(world, { dependsOn: [dependsOn] });
    return input({ task: { id: task.id }, dependsOn });
  },
  removePipeline: async (world) => ({ name: await aPipeline(world) }),
  removeRecurringTask: recurringId,
  renewLease: async (world) => input({ runId: (await claimed(world)).runId }),
  reportProgress: async (world) => input({ runId: (await claimed(world)).runId, message: 'x' }),
  resumeAgent: async () => ({ agent: own }),
  resumeRecurringTask: recurringId,
  resumeSchedulerJob: async () => ({ name: 'pruneEvents' }),
  retryTask: async (world) => input({ task: await failed(world) }),
  retryTasks: async () => input(none),
  revokeApiKey: async (world) => {
    const { apiKey } = await createApiKey(...services(world), { name: 'victim', role: 'VIEWER' });
    return { id: apiKey.id };
  },
  runSchedulerJob: async () => ({ name: 'pruneEvents' }),
  startPipeline: async (world) => input({ name: await aPipeline(world) }),
  submitVerdict: async (world) => input({ task: await inReview(world), verdict: 'APPROVED' }),
  updateAgent: async () => input({ agent: own, capabilities: [unique('word')] }),
  updatePipeline: async (world) =>
    input({ name: await aPipeline(world), steps: [{ key: 'b', template: { title: 'Work' } }] }),
  updateRecurringTask: async (world) => input({ ...(await recurringId(world)), schedule: 'weekly' }),
  updateTask: async (world) => input({ task: await assigned(world), title: unique('title') }),
  withdrawQuestion: async (world) => ({ id: await asked(world) }),
};

/** The title of a task that changes while a bulk call is about to change it. */
const REFUSED = 'changed-by-another-call';

/** Retries the task in a transaction for whose end the call waits. */
async function retryFirst(
  { graph: { services } }: World,
  send: () => Promise<WorldAnswer>,
): Promise<WorldAnswer> {
  const [row] = await services.sql<{ id: string }>(
    "SELECT id FROM tasks WHERE title = $1 AND status = 'FAILED'",
    [REFUSED],
  );
  const { answer } = await inTransaction(services.database, async (tx) => {
    const task = await lockTask(tx, { id: row?.id ?? '' });
    if (task === null) throw new Error('no task');
    let isAnswered = false;
    const sent = send().finally(() => {
      isAnswered = true;
    });
    await vi.waitFor(async () => {
      const waiting = await services.sql('SELECT FROM pg_locks WHERE NOT granted');
      expect(isAnswered || waiting.length > 0).toBe(true);
    }, 20_000);
    const changes = { failureReason: null, failureDetail: null };
    await moveTask(tx, task, { to: 'ASSIGNED', verb: 'retry', actor: SYSTEM, changes });
    return { answer: sent };
  });
  return answer;
}

/** Sends the call while every key has used up its quota of tasks. */
async function withoutQuota(
  { graph: { services }, viewers }: World,
  send: () => Promise<WorldAnswer>,
): Promise<WorldAnswer> {
  const { quotas } = services;
  const usedUp = createQuotas({ ...services.settings.quotas, tasksPerMinute: 1 }, services.clock);
  for (const viewer of Object.values(viewers)) usedUp.takeTasks(viewer, 1);
  Object.assign(services, { quotas: usedUp });
  try {
    return await send();
  } finally {
    Object.assign(services, { quotas });
  }
}

const call = (mutation: string): MutationCall => {
  const variables = MUTATIONS[mutation];
  if (variables === undefined) throw new Error(`MUTATIONS has no ${mutation}`);
  return { mutation, variables };
};

/** The call whose answer is of each type of payload, with the selection in which `%` stands for a field of the type. */
export const ANSWERS: Readonly<Record<string, MutationCall & { readonly selection?: string }>> = {
  AgentPayload: call('updateAgent'),
  ApiKeyPayload: call('revokeApiKey'),
  BulkTasksPayload: call('retryTasks'),
  ClaimNextReviewPayload: call('claimNextReview'),
  ClaimNextTaskPayload: call('claimNextTask'),
  CommentPayload: call('addComment'),
  CompleteTaskPayload: call('completeTask'),
  CreateApiKeyPayload: call('createApiKey'),
  SignInLinkPayload: call('createSignInLink'),
  DeletePayload: call('removePipeline'),
  AttentionPayload: call('acknowledge'),
  CreateWebhookPayload: call('createWebhook'),
  PingWebhookPayload: call('pingWebhook'),
  WebhookPayload: call('updateWebhook'),
  FireRecurringTaskPayload: call('fireRecurringTask'),
  HeartbeatPayload: call('heartbeat'),
  PipelinePayload: call('createPipeline'),
  PipelineRunPayload: call('startPipeline'),
  QuestionPayload: call('withdrawQuestion'),
  RecurringTaskPayload: call('createRecurringTask'),
  RegisterAgentPayload: call('registerAgent'),
  SchedulerJobPayload: call('runSchedulerJob'),
  SubmitVerdictPayload: call('submitVerdict'),
  TaskPayload: call('updateTask'),
  TaskRunPayload: call('reportProgress'),
  TasksPayload: call('createTasks'),
  FieldError: {
    mutation: 'createTask',
    variables: async () => input({ title: '' }),
    selection: 'errors { ... on FieldError { % } }',
  },
  DependencyCycleError: {
    mutation: 'addDependency',
    async variables(world) {
      const task = await assigned(world);
      return input({ task, dependsOn: task });
    },
    selection: 'errors { ... on DependencyCycleError { % } }',
  },
  AlreadyAnsweredError: {
    mutation: 'withdrawQuestion',
    variables: async (world) => {
      const id = await asked(world);
      await answerQuestion(...services(world), { id, answer });
      return { id };
    },
    selection: 'errors { ... on AlreadyAnsweredError { % } }',
  },
  InvalidTransitionError: {
    mutation: 'retryTask',
    variables: async (world) => input({ task: await assigned(world) }),
    selection: 'errors { ... on InvalidTransitionError { % } }',
  },
  VersionConflictError: {
    mutation: 'updateTask',
    variables: async (world) => input({ task: await assigned(world), title: 'x', expectedVersion: 99 }),
    selection: 'errors { ... on VersionConflictError { % } }',
  },
  LostRun: {
    mutation: 'heartbeat',
    async variables(world) {
      const { task, runId } = await claimed(world);
      await cancelTask(...services(world), { task });
      return input({ agent: own, runIds: [runId] });
    },
    selection: 'lostRuns { % }',
  },
  QuotaExceededError: {
    mutation: 'createTask',
    variables: async () => input({ title: 'One too many' }),
    send: withoutQuota,
    selection: 'errors { ... on QuotaExceededError { % } }',
  },
  RefusedTask: {
    mutation: 'retryTasks',
    variables: async (world) => {
      const { id } = await failed(world);
      await world.graph.services.sql('UPDATE tasks SET title = $2 WHERE id = $1', [id, REFUSED]);
      return input({ filter: { search: REFUSED } });
    },
    send: retryFirst,
    selection: 'refused { % }',
  },
};
