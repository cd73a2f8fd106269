import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { CardsByIdDocument, type TaskCardFragment } from '../../generated/dashboard/cards.js';
import type { Client, LogEvent } from '../../sdk/index.js';
import { notify } from '../frame/notices.js';
import { onceLive, onEvents } from './live.js';
import { messageOf, session } from './session.js';

export type TaskCard = TaskCardFragment;

/** A task as it is shown: with the changes that the server has not confirmed yet. */
export interface ShownTask extends TaskCard {
  /** Whether a change is on its way to the server. */
  readonly isPending: boolean;
}

interface Entry {
  /** What the server said last. */
  readonly known: Signal<TaskCard | null>;
  /** Changes that were shown before the server has confirmed them. */
  readonly changes: Signal<readonly Partial<TaskCard>[]>;
  readonly shown: ReadonlySignal<ShownTask | null>;
}

/** How many tasks one request may name. */
const MAX_IDS = 100;

const entries = new Map<string, Entry>();
/** The lists on the page, which decide what a changed task means for them. */
const followers = new Set<(task: TaskCard) => void>();
/** Tasks that events named and that have not been read since. */
const changed = new Set<string>();
let isReading = false;

/** The task with this id; null until it has been read. Every reader of it is drawn again when it changes. */
export function shownTask(id: string): ReadonlySignal<ShownTask | null> {
  return entryOf(id).shown;
}

/**
 * Takes what the server said. An answer that is older than what is known is dropped: answers can overtake each other.
 * What is computed, such as the reasons for waiting, changes without a new version, so an equal version is taken.
 */
export function putTasks(tasks: readonly TaskCard[]): void {
  batch(() => {
    for (const task of tasks) {
      const { known, shown } = entryOf(task.id);
      if (known.peek() !== null && (known.peek()?.version ?? 0) > task.version) continue;
      known.value = task;
      // With the changes that are pending: an answer from before them must not move the task back.
      for (const follower of followers) follower(shown.peek() ?? task);
    }
  });
}

/** Calls the function with every task that was read. Returns the function that stops it. */
export function followTasks(follower: (task: TaskCard) => void): () => void {
  followers.add(follower);
  return () => followers.delete(follower);
}

/**
 * Shows a change at once, marked as pending, and sends it. If the server refuses, the change is taken back and the
 * reason is shown.
 *
 * @returns whether it was accepted.
 */
export async function change(
  id: string,
  expected: Partial<TaskCard>,
  send: (client: Client) => Promise<unknown>,
): Promise<boolean> {
  const client = session.value?.client;
  if (!client) return false;
  const { changes } = entryOf(id);
  changes.value = [...changes.value, expected];
  announce(id);
  try {
    await send(client);
    await readTasks([id]);
    return true;
  } catch (error) {
    notify(messageOf(error), 'bad');
    return false;
  } finally {
    changes.value = changes.value.filter((one) => one !== expected);
    announce(id);
  }
}

/** Reads the tasks that events name, many in one request and one request at a time. */
export function startTasks(): () => void {
  const stop = onEvents((events) => {
    for (const event of events) for (const id of tasksOf(event)) changed.add(id);
    void readChanged();
  });
  // What could not be read during an outage.
  const stopRetries = onceLive(() => void readChanged());
  return () => {
    stop();
    stopRetries();
    entries.clear();
    changed.clear();
  };
}

async function readChanged(): Promise<void> {
  if (isReading) return;
  isReading = true;
  while (changed.size > 0 && (await readSome())) {}
  isReading = false;
}

/** Reads as many of the changed tasks as one request may name. False if the server does not answer. */
async function readSome(): Promise<boolean> {
  const ids = [...changed].filter((id) => followers.size > 0 || entries.has(id)).slice(0, MAX_IDS);
  if (ids.length === 0) changed.clear();
  for (const id of ids) changed.delete(id);
  try {
    await readTasks(ids);
    return true;
  } catch {
    for (const id of ids) changed.add(id);
    return false;
  }
}

/** Reads tasks into the store. */
export async function readTasks(ids: readonly string[]): Promise<void> {
  const client = session.value?.client;
  if (!client || ids.length === 0) return;
  const { nodes } = await client.request(CardsByIdDocument, { ids });
  putTasks(nodes.filter((node): node is TaskCard => node !== null && 'version' in node));
}

function entryOf(id: string): Entry {
  const found = entries.get(id);
  if (found) return found;
  const known = signal<TaskCard | null>(null);
  const changes = signal<readonly Partial<TaskCard>[]>([]);
  const shown = computed(() => {
    if (known.value === null) return null;
    return { ...known.value, ...Object.assign({}, ...changes.value), isPending: changes.value.length > 0 };
  });
  const entry = { known, changes, shown };
  entries.set(id, entry);
  return entry;
}

/** Lets the lists see the task as it is shown, with the changes that are pending. */
function announce(id: string): void {
  const task = entryOf(id).shown.peek();
  if (!task) return;
  batch(() => {
    for (const follower of followers) follower(task);
  });
}

function tasksOf(event: LogEvent): string[] {
  const { task } = event as { readonly task?: { readonly id: string } | null };
  return task ? [task.id] : [];
}
