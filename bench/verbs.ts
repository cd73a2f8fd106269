import type { Client } from './cycles.js';

const CLAIM =
  'mutation { claimNextTask(input: { maxCapacity: 100 }) { reason task { id } run { id } errors { message } } }';
const COMPLETE = `mutation ($run: ID!) { completeTask(input: { runId: $run, resolution: "done" }) { task { id } errors { message } } }`;
const HAND_IN = `mutation ($run: ID!) { completeTask(input: { runId: $run, resolution: "done" }) { task { id } errors { message } }
  claimNextTask(input: { maxCapacity: 100 }) { reason task { id } run { id } errors { message } } }`;
const APPROVE = `mutation ($task: ID!) { submitVerdict(input: { task: { id: $task }, verdict: APPROVED }) { task { id } errors { message } } }`;
const CREATE =
  'mutation { createTask(input: { title: "A task of the benchmark" }) { task { id } errors { message } } }';
export const CREATE_MANY =
  'mutation ($inputs: [CreateTaskInput!]!) { createTasks(inputs: $inputs) { tasks { id } errors { message } } }';
const HEARTBEAT = 'mutation { heartbeat(input: {}) { runs { id } lostRunIds errors { message } } }';
const LIST =
  '{ tasks(first: 50) { nodes { id ref title status priority tags createdAt updatedAt dueAt version assignee { id name } } } }';

/** What a client of the benchmark does in one cycle. `operator` has the key of an operator. */
export type Cycle = (client: Client, operator: Client) => Promise<unknown>;

async function claim(client: Client): Promise<{ readonly task: string; readonly run: string }> {
  const { claimNextTask } = await client.ask(CLAIM);
  const [task, run] = [claimNextTask?.task?.id, claimNextTask?.run?.id];
  if (task === undefined || run === undefined) throw new Error('the inbox of the benchmark is empty');
  return { task, run };
}

export async function claimAndComplete(client: Client): Promise<{ readonly task: string }> {
  const { task, run } = await claim(client);
  await client.ask(COMPLETE, { run });
  return { task };
}

/** A cycle that hands a task in and claims the next one with one request, after a first claim. */
export function createHandIns(): Cycle {
  const held = new Map<Client, string>();
  return async (client) => {
    const run = held.get(client) ?? (await claim(client)).run;
    const next = await client.ask(HAND_IN, { run });
    held.set(client, next.claimNextTask?.run?.id ?? '');
  };
}

/** The rows of the table, by their names. */
export const CYCLES = {
  claim,
  'claim + complete': claimAndComplete,
  'claim + complete + verdict': async (client, operator) => {
    const { task } = await claimAndComplete(client);
    await operator.ask(APPROVE, { task });
  },
  // An agent has a quota of open tasks, which an operator has not.
  createTask: (_client, operator) => operator.ask(CREATE),
  heartbeat: (client) => client.ask(HEARTBEAT),
  'list of 50': (client) => client.ask(LIST),
} satisfies Readonly<Record<string, Cycle>>;
