import type { Client } from './client.js';

export interface Agent {
  readonly id: string;
  readonly name: string;
  readonly capacity: number;
  /** A client with the agent's own key. */
  readonly client: Client;
}

export interface Work {
  readonly taskId: string;
  readonly ref: string;
  readonly runId: string;
}

export interface Claim {
  readonly reason: string;
  readonly task: { readonly id: string; readonly ref: string; readonly title: string } | null;
  readonly run: { readonly id: string } | null;
}

/** Registers an agent and creates a key for it. */
export async function anAgent(admin: Client, name: string, capacity = 1): Promise<Agent> {
  const { registerAgent } = await admin.ask<{ registerAgent: { agent: { id: string } } }>(
    'mutation ($input: RegisterAgentInput!) { registerAgent(input: $input) { agent { id } errors { code message } } }',
    { input: { name, maxCapacity: capacity } },
  );
  const { secret } = await createKey(admin, { name: `key of ${name}`, role: 'AGENT', agent: { name } });
  return { id: registerAgent.agent.id, name, capacity, client: admin.with(secret) };
}

export interface Key {
  readonly id: string;
  readonly secret: string;
}

export async function createKey(
  admin: Client,
  input: { name: string; role: string; agent?: { name: string }; expiresAt?: string },
): Promise<Key> {
  const { createApiKey } = await admin.ask<{ createApiKey: { apiKey: { id: string }; secret: string } }>(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret errors { code message } } }',
    { input },
  );
  return { id: createApiKey.apiKey.id, secret: createApiKey.secret };
}

export async function revokeKey(admin: Client, id: string): Promise<void> {
  await admin.ask('mutation ($id: ID!) { revokeApiKey(id: $id) { errors { code message } } }', { id });
}

export interface NewTask {
  readonly title: string;
  readonly priority?: string;
  readonly dueAt?: string | null;
  readonly startsAt?: string | null;
  readonly assignee?: { name: string } | null;
  readonly reviewPolicy?: string;
  readonly idempotencyKey?: string;
}

export interface CreatedTask {
  readonly id: string;
  readonly ref: string;
  readonly title: string;
  readonly createdAt: string;
}

/** Creates tasks, a hundred per call. */
export async function createTasks(client: Client, inputs: readonly NewTask[]): Promise<CreatedTask[]> {
  const created: CreatedTask[] = [];
  for (let start = 0; start < inputs.length; start += 100) {
    const { createTasks: made } = await client.ask<{ createTasks: { tasks: CreatedTask[] } }>(
      `mutation ($inputs: [CreateTaskInput!]!) {
        createTasks(inputs: $inputs) { tasks { id ref title createdAt } errors { code message } }
      }`,
      { inputs: inputs.slice(start, start + 100) },
    );
    created.push(...made.tasks);
  }
  return created;
}

export async function aTask(client: Client, input: Partial<NewTask> = {}): Promise<CreatedTask> {
  const [task] = await createTasks(client, [{ title: 'A task', ...input }]);
  if (!task) throw new Error('no task was created');
  return task;
}

export async function claim(client: Client, input: object = {}, signal?: AbortSignal): Promise<Claim> {
  const { claimNextTask } = await client.ask<{ claimNextTask: Claim }>(
    `mutation ($input: ClaimNextTaskInput!) {
      claimNextTask(input: $input) { reason task { id ref title } run { id } errors { code message } }
    }`,
    { input },
    signal,
  );
  return claimNextTask;
}

/** Claims a task. @throws Error if there is none. */
export async function claimWork(client: Client, input: object = {}): Promise<Work> {
  const { reason, task, run } = await claim(client, input);
  if (!task || !run) throw new Error(`claimed nothing: ${reason}`);
  return { taskId: task.id, ref: task.ref, runId: run.id };
}

export async function reportProgress(client: Client, runId: string, message: string): Promise<void> {
  await client.ask(
    'mutation ($input: ReportProgressInput!) { reportProgress(input: $input) { run { id } errors { code message } } }',
    { input: { runId, message, percent: 50 } },
  );
}

/** Completes a run and returns the new status of the task. */
export async function complete(client: Client, input: object): Promise<string> {
  const { completeTask } = await client.ask<{ completeTask: { task: { status: string } } }>(
    'mutation ($input: CompleteTaskInput!) { completeTask(input: $input) { task { status } errors { code message } } }',
    { input },
  );
  return completeTask.task.status;
}

/** The code of the refusal of a mutation with one input, or "done". */
export async function codeOf(client: Client, mutation: string, input: object): Promise<string> {
  const type = `${mutation === 'renewLease' ? 'Run' : mutation[0]!.toUpperCase() + mutation.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${mutation}(input: $input) { errors { code message } } }`;
  return client.ask(query, { input }).then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
}
