import type { Client, TaskFilter, TaskPriority } from '../../../sdk/index.js';
import { messageOf, session } from '../../data/session.js';
import { change, readTasks } from '../../data/tasks.js';
import { notify } from '../../frame/notices.js';
import { countOf } from '../../parts/words.js';
import { everything, selectedTasks, selection } from './selection.js';

/** A change of many tasks by one mutation, which can be tried first. */
export interface BulkVerb {
  readonly does: string;
  /** What is said afterwards: `3 tasks cancelled`. */
  readonly done: string;
  /** The statuses of the tasks that it can change. */
  readonly applies: string;
  readonly needs?: 'agent' | 'reason';
  readonly send: (client: Client, call: BulkCall) => Promise<BulkAnswer>;
}

interface BulkCall {
  readonly filter: TaskFilter;
  readonly first: number;
  readonly dryRun: boolean;
  /** The name of an agent, or a reason. */
  readonly given: string;
}

interface BulkAnswer {
  readonly count: number;
  readonly tasks?: readonly { readonly id: string }[] | null;
  readonly refused?: readonly unknown[] | null;
  readonly remaining?: number | null;
}

export const bulkVerbs: readonly BulkVerb[] = [
  {
    ...{ does: 'Assign', done: 'assigned', applies: 'Only waiting tasks can be assigned.', needs: 'agent' },
    send: (client, { given, ...call }) =>
      client.assignTasks({ ...call, assignee: given === '' ? null : { name: given } }),
  },
  {
    ...{ does: 'Retry', done: 'retried', applies: 'Only failed and cancelled tasks can be retried.' },
    send: (client, { given: _given, ...call }) => client.retryTasks(call),
  },
  {
    ...{ does: 'Cancel', done: 'cancelled', applies: 'Ended tasks cannot be cancelled.', needs: 'reason' },
    send: (client, { given, ...call }) =>
      client.cancelTasks({ ...call, ...(given ? { reason: given } : {}) }),
  },
];

/** The most tasks that one mutation changes. */
export const MOST_AT_ONCE = 1_000;

const callOf = (dryRun: boolean, given: string): BulkCall => {
  const all = everything.peek();
  if (all !== null) return { filter: all.filter, first: MOST_AT_ONCE, dryRun, given };
  const ids = [...selection.peek()];
  return { filter: { ids }, first: Math.max(1, ids.length), dryRun, given };
};

/** How many of the selected tasks the verb would change, and how many it would leave for another time. */
export async function tryBulk(
  client: Client,
  { send }: BulkVerb,
): Promise<{ readonly count: number; readonly left: number }> {
  const { count, remaining } = await send(client, callOf(true, ''));
  return { count, left: remaining ?? 0 };
}

/** Changes the selected tasks, says how many, and reads them again. */
export async function runBulk({ send, done }: BulkVerb, given: string): Promise<void> {
  const client = session.value?.client;
  if (!client) return;
  const ids = [...selection.peek()];
  try {
    const { count, refused, remaining } = await send(client, callOf(false, given));
    const details = [
      refused?.length ? `, ${refused.length} refused` : '',
      remaining ? `, ${remaining} left: do it again` : '',
    ];
    notify(`${countOf(count, 'task')} ${done}${details.join('')}`);
    await readTasks(ids);
  } catch (error) {
    notify(messageOf(error), 'bad');
  }
}

/** Requests that are under way at once: a change of a hundred tasks must not keep others waiting. */
const AT_ONCE = 4;

/** Sets the priority of the selected tasks. Each is shown at once, and taken back if the server refuses. */
export function setPriority(priority: TaskPriority): Promise<void> {
  return changeEach(
    () => ({ priority }),
    (client, id) => client.updateTask({ task: { id }, priority }),
  );
}

/** Adds a tag to the selected tasks, or removes it from them. */
export function setTag(tag: string, isAdded: boolean): Promise<void> {
  const next = (tags: readonly string[]) => [...tags.filter((one) => one !== tag), ...(isAdded ? [tag] : [])];
  return changeEach(
    ({ tags }) => ({ tags: next(tags) }),
    (client, id, { tags }) => client.updateTask({ task: { id }, tags: next(tags) }),
  );
}

type Selected = ReturnType<typeof selectedTasks>[number];

async function changeEach(
  expected: (task: Selected) => Partial<Selected>,
  send: (client: Client, id: string, task: Selected) => Promise<unknown>,
): Promise<void> {
  const left = [...selectedTasks()];
  let count = 0;
  const work = async () => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) {
      const current = task;
      if (await change(current.id, expected(current), (client) => send(client, current.id, current)))
        count += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  notify(`${countOf(count, 'task')} changed`);
}
