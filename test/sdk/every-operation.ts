import { expect, vi } from 'vitest';
import type { Client } from '../../src/sdk/index.js';
import { startReceiver } from '../support/servers/webhook-receiver.js';

/** A client of the admin, and one of an agent that is bound to its key. */
export interface Callers {
  readonly admin: Client;
  readonly agent: Client;
}

/** Calls every method of the client, on data that fills as many fields of the answers as possible. */
export async function callEveryMethod(callers: Callers): Promise<void> {
  await callAgents(callers);
  await callKeys(callers);
  await callTasks(callers);
  await callRuns(callers);
  await callQuestions(callers);
  await callBulk(callers);
  await callRecurring(callers);
  await callPipelines(callers);
  await callWebhooks(callers);
  await callEvents(callers);
  await callOperation(callers);
}

const agent = { name: 'otto' };

async function callAgents({ admin }: Callers): Promise<void> {
  await admin.registerAgent({ name: 'aegis', role: 'reviewer', delivery: 'PULL' });
  await admin.registerAgent({ name: 'visitor' });
  const config = { defaultModel: 'small', timeout: 'PT5M', extra: { team: 'blue' } };
  await admin.updateAgent({ agent, capabilities: ['typescript'], config, soul: 'Be brief.' });
  await admin.pauseAgent({ agent });
  await admin.resumeAgent({ agent });
  await admin.disconnectAgent({ agent: { name: 'visitor' } });
  await admin.agents();
  await admin.soulTemplates();
}

async function callKeys({ admin, agent: bound }: Callers): Promise<void> {
  const { apiKey } = await admin.createApiKey({
    ...{ name: 'short', role: 'AGENT', agent, expiresAt: '2099-01-01T00:00:00.000Z' },
  });
  await admin.revokeApiKey({ id: apiKey.id });
  await admin.apiKeys();
  await admin.createSignInLink();
  await admin.viewer();
  await bound.viewer();
}

async function callTasks({ admin }: Callers): Promise<void> {
  const { task: first } = await admin.createTask({
    ...{ title: 'First', description: 'All of it', priority: 'HIGH', tags: ['types'], metadata: { a: [1] } },
    ...{ requires: ['typescript'], dueAt: '2099-01-01T00:00:00.000Z', startsAt: '2020-01-01T00:00:00.000Z' },
  });
  const { tasks } = await admin.createTasks([{ title: 'Second' }, { title: 'Third' }]);
  const [task, dependsOn] = [{ id: tasks[0]!.id }, { id: first.id }];
  await admin.updateTask({ task, title: 'Second, renamed', dueAt: '2099-01-02T00:00:00.000Z' });
  await admin.assignTask({ task, assignee: agent });
  await admin.addDependency({ task, dependsOn });
  const { comment } = await admin.addComment({ task, body: 'A note' });
  await admin.addComment({ task, body: 'A reply', inReplyToId: comment.id });
  await refuse(admin.addDependency({ task: dependsOn, dependsOn: task }));
  await refuse(admin.updateTask({ task, title: 'Late', expectedVersion: 1 }));
  await refuse(admin.retryTask({ task }));
  await refuse(admin.createTask({ title: '' }));
  await admin.taskComments({ ref: task });
  await admin.taskCandidates({ ref: task });
  await admin.taskCounts({ by: 'ASSIGNEE' });
  await admin.tags({ prefix: 'ty' });
  for await (const _begun of admin.followTasks({ filter: { tags: ['types'] } })) break;
  await admin.task({ ref: task });
  await admin.task({ ref: { ref: 'TASK-999999' } });
  await admin.removeDependency({ task, dependsOn });
  await admin.cancelTask({ task, reason: 'Not needed' });
  await admin.retryTask({ task });
  await admin.cancelTask({ task });
  await admin.tasksById({ ids: [first.id, tasks[1]!.id, 'task_00000000000000000000000000'] });
  await admin.classifyTask({ title: 'Prove a theorem', priority: 'CRITICAL', agent });
}

async function callRuns({ admin, agent: bound }: Callers): Promise<void> {
  await admin.nextTask({ agent });
  const claimed = await bound.claimNextTask({ lease: 'PT1M' });
  const [ref, runId] = [{ id: claimed.task!.id }, claimed.run!.id];
  await bound.reportProgress({ runId, message: 'half', percent: 50 });
  await bound.renewLease({ runId, lease: 'PT2M' });
  await bound.heartbeat({ runIds: [runId] });
  await admin.task({ ref });
  const usage = { model: 'small', inputTokens: 10, outputTokens: 5, costUsd: 0.25 };
  const followUps = [{ title: 'Follow up', assignee: agent }];
  const complete = { runId, resolution: 'Done', usage, followUps };
  const { claimed: next } = await bound.completeAndClaim({ complete, claim: {} });
  await bound.releaseTask({ runId: runOf(next), reason: 'Not now' });
  const failed = await claim(bound);
  const { task } = await bound.failTask({ runId: failed, error: 'It broke', retry: false });
  await admin.task({ ref: { id: task.id } });
  await refuse(bound.renewLease({ runId }));
  await bound.heartbeat({ runIds: [failed] });
  await callReviews({ admin, agent: bound }, ref);
  await bound.completeTask({
    runId: await claim(bound),
    resolution: 'Better',
    followUps: [{ title: 'More' }],
  });
  await admin.task({ ref });
  await admin.taskRuns({ ref });
  await admin.runs({ filter: { agent: [agent], outcome: ['FAILED', 'SUCCEEDED'] } });
  await admin.agent({ ref: agent });
}

async function callReviews({ admin }: Callers, task: { readonly id: string }): Promise<void> {
  const reviewer = { name: 'aegis' };
  const { round } = await admin.claimNextReview({ agent: reviewer });
  await admin.submitVerdict({ task, round, verdict: 'REJECTED', feedback: 'Add tests.', reviewer });
  await admin.claimNextReview({ agent: reviewer });
}

async function callQuestions({ admin, agent: bound }: Callers): Promise<void> {
  const { task } = await admin.createTask({ title: 'Ask', priority: 'CRITICAL', assignee: agent });
  const runId = await claim(bound);
  const options = [
    { key: 'a', label: 'This', description: 'The first' },
    { key: 'b', label: 'That' },
  ];
  const aside = await bound.askQuestion({ runId, text: 'Now?', kind: 'CONFIRM', blocking: false });
  await admin.answerQuestion({ id: aside.question.id, answer: { confirmed: true, text: 'Yes' } });
  await bound.heartbeat({ runIds: [runId] });
  const { question } = await bound.askQuestion({
    ...{ runId, text: 'Which ones?', kind: 'CHOICE', options, multiple: true },
    ...{ deadline: 'PT1H', onDeadline: 'USE_DEFAULT', default: { choices: ['a'] } },
  });
  await admin.questions({ filter: { status: ['OPEN'], task: { id: task.id }, agent, blocking: true } });
  await admin.question({ id: question.id });
  await admin.answerQuestion({ id: question.id, answer: { choices: ['a', 'b'] } });
  await refuse(admin.answerQuestion({ id: question.id, answer: { choices: ['a'] } }));
  await admin.addComment({ task: { id: task.id }, body: 'Go on' });
  const again = await claim(bound);
  const { question: last } = await bound.askQuestion({ runId: again, text: 'Really?' });
  await bound.withdrawQuestion({ id: last.id });
  await admin.task({ ref: { id: task.id } });
  await admin.cancelTask({ task: { id: task.id } });
}

async function callBulk({ admin }: Callers): Promise<void> {
  await admin.createTask({ title: 'Bulk', tags: ['bulk'] });
  const filter = { tags: ['bulk'] };
  await admin.assignTasks({ filter, assignee: agent });
  await admin.cancelTasks({ filter, reason: 'All of them' });
  await admin.retryTasks({ filter });
}

async function callRecurring({ admin }: Callers): Promise<void> {
  const template = { title: 'Report', description: 'Daily', dueIn: 'PT2H', assignee: agent, tags: ['daily'] };
  const { recurringTask } = await admin.createRecurringTask({
    ...{ name: 'report', schedule: 'every day at 9:00', timeZone: 'Europe/Berlin', template },
  });
  const { id } = recurringTask;
  await admin.updateRecurringTask({ id, overlap: 'SKIP' });
  await admin.pauseRecurringTask({ id });
  await admin.resumeRecurringTask({ id });
  const { task } = await admin.fireRecurringTask({ id });
  await admin.task({ ref: { id: task.id } });
  await admin.recurringTasks();
  await admin.recurringTask({ id });
  await admin.recurringHistory({ id });
  await admin.previewSchedule({ schedule: 'every monday at 9:00', count: 2 });
  await admin.previewSchedule({ schedule: 'sometimes' });
  await admin.removeRecurringTask({ id });
}

async function callPipelines({ admin }: Callers): Promise<void> {
  const name = 'release';
  const build = { key: 'build', template: { title: 'Build {{version}}', assignee: agent } };
  const ship = { key: 'ship', dependsOn: ['build'], template: { title: 'Ship' } };
  await admin.createPipeline({ name, steps: [build, ship] });
  await admin.updatePipeline({ name, steps: [build, { ...ship, onDependencyFailure: 'CANCEL' }] });
  const { pipelineRun } = await admin.startPipeline({ name, variables: { version: '1' } });
  for (const { id } of pipelineRun.tasks) await admin.task({ ref: { id } });
  await admin.pipelineRun({ id: pipelineRun.id });
  await admin.cancelPipelineRun({ id: pipelineRun.id });
  await admin.pipeline({ name });
  await admin.pipelines({ first: 100 });
  await admin.pipelineRuns({ name });
  await admin.removePipeline({ name });
}

async function callWebhooks({ admin }: Callers): Promise<void> {
  const receiver = await startReceiver();
  try {
    const document = 'subscription { events { type } }';
    const { webhook } = await admin.createWebhook({
      ...{ url: receiver.url, document, filter: { types: ['task.created'], agent } },
    });
    const { id } = webhook;
    await admin.updateWebhook({ id, document: null, filter: { types: ['task.created'] } });
    await admin.pingWebhook({ id });
    await admin.replayWebhook({ id, since: '2020-01-01T00:00:00.000Z' });
    // The ping is the first request.
    await receiver.has(2);
    const recorded = async () => expect((await admin.webhookDeliveries({ id })).nodes).not.toEqual([]);
    await vi.waitFor(recorded, { timeout: 20_000 });
    await admin.pauseWebhook({ id });
    await admin.webhook({ id });
    await admin.webhooks();
    await admin.resumeWebhook({ id });
    await admin.rotateWebhookSecret({ id });
    await refuse(admin.createWebhook({ url: 'ftp://example.com' }));
    await admin.removeWebhook({ id });
  } finally {
    await receiver.close();
  }
}

async function callEvents({ admin }: Callers): Promise<void> {
  const { nodes } = await admin.events({ first: 100 });
  await admin.lastEvents({ last: 100 });
  await admin.eventTypes();
  await admin.eventCursor({ at: '2020-01-01T00:00:00.000Z' });
  const after = nodes[0]!.cursor;
  let left = nodes.length - 1;
  for await (const { type } of admin.followEvents({ after }))
    if (!type.startsWith('stream.') && --left === 0) break;
  for await (const _state of admin.followOverview()) break;
  for await (const _state of admin.followTask({ ref: { ref: 'TASK-1' } })) break;
}

async function callOperation({ admin }: Callers): Promise<void> {
  await admin.tasks();
  await admin.overview({ window: 'PT1H', buckets: 4 });
  for await (const _counts of admin.followAttention()) break;
  const { nodes: items } = await admin.needsAttention();
  for (const { id } of items) await admin.acknowledge({ id });
  await admin.server();
  await admin.gateways();
  await admin.runSchedulerJob({ name: 'pruneEvents' });
  await admin.pauseSchedulerJob({ name: 'pruneEvents' });
  await admin.resumeSchedulerJob({ name: 'pruneEvents' });
  await admin.schedulerJobs();
  await admin.request('{ viewer { role } }');
  for await (const _state of admin.subscribe('subscription { overview { agentsOnline } }')) break;
}

async function claim(bound: Client): Promise<string> {
  return runOf(await bound.claimNextTask());
}

function runOf(claimed: Awaited<ReturnType<Client['completeAndClaim']>>['claimed']): string {
  if (claimed instanceof Error) throw claimed;
  if (!claimed.run) throw new Error(`No task was claimed: ${claimed.reason}`);
  return claimed.run.id;
}

/** A call whose answer is a refusal, which is recorded like every other one. */
async function refuse(call: Promise<unknown>): Promise<void> {
  await call.then(
    () => Promise.reject(new Error('The call was not refused.')),
    () => undefined,
  );
}
