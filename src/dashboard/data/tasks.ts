import { batch, type ReadonlySignal, type Signal, signal } from '@preact/signals';
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

/** A list on the page, which decides what changed tasks mean for it. */
export interface TaskFollower {
  /** Takes tasks that were read or changed, those of one answer together. */
  readonly take: (tasks: readonly ShownTask[]) => void;
  /** Whether the list needs the task, though it may not be in sight. */
  readonly holds: (id: string) => boolean;
}

/** How many tasks one request may name. */
const MAX_IDS = 100;
/** From this number on, tasks are let go that no list holds and nothing shows. A page is open all day, and others create tasks. */
const ENOUGH = 5_000;

/** What the server said last. */
const cards = new Map<string, TaskCard>();
/** Changes that are shown before the server has confirmed them. */
const changes = new Map<string, readonly Partial<TaskCard>[]>();
/** The tasks that are in sight. A list may hold a hundred thousand, and a signal takes more memory than a task. */
const inSight = new Map<string, Signal<ShownTask | null>>();
const followers = new Set<TaskFollower>();
/** Tasks that events named and that have not been read since. */
const changed = new Set<string>();
/** Reads tasks one request at a time: those in sight, and the others, which must not delay them. */
const lanes = { sight: { isReading: false, restMs: 0 }, others: { isReading: false, restMs: 100 } };
let mostCards = ENOUGH;

/** The task as it is shown now; null until it has been read. */
export function peekTask(id: string): ShownTask | null {
  const card = cards.get(id);
  if (card === undefined) return null;
  const pending = changes.get(id);
  return pending === undefined
    ? { ...card, isPending: false }
    : { ...card, ...Object.assign({}, ...pending), isPending: true };
}

/** The tasks that components show. */
export function tasksInSight(): readonly TaskCard[] {
  return [...inSight.keys()].flatMap((id) => cards.get(id) ?? []);
}

/** The same for components: every reader is drawn again when the task changes. */
export function shownTask(id: string): ReadonlySignal<ShownTask | null> {
  const found = inSight.get(id);
  if (found !== undefined) return found;
  const shown = signal(peekTask(id), { unwatched: () => void inSight.delete(id) });
  inSight.set(id, shown);
  return shown;
}

/**
 * Takes what the server said. An answer that is older than what is known is dropped: answers can overtake each other.
 * What is computed, such as the reasons for waiting, changes without a new version, so an equal version is taken.
 */
export function putTasks(tasks: readonly TaskCard[]): void {
  const taken = tasks.filter(({ id, version }) => (cards.get(id)?.version ?? 0) <= version);
  for (const task of taken) cards.set(task.id, task);
  // With the changes that are pending: an answer from before them must not move the task back.
  announce(taken.map(({ id }) => id));
  if (cards.size > mostCards) letGo();
}

/** Passes every task that was read to the list. Returns the function that stops it. */
export function followTasks(follower: TaskFollower): () => void {
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
  changes.set(id, [...(changes.get(id) ?? []), expected]);
  announce([id]);
  try {
    await send(client);
    await readTasks([id]);
    return true;
  } catch (error) {
    notify(messageOf(error), 'bad');
    return false;
  } finally {
    const others = (changes.get(id) ?? []).filter((one) => one !== expected);
    if (others.length === 0) changes.delete(id);
    else changes.set(id, others);
    announce([id]);
  }
}

/** Reads the tasks that events name, many in one request. */
export function startTasks(): () => void {
  const stop = onEvents((events) => readTasksSoon(events.flatMap(tasksOf)));
  // What could not be read during an outage.
  const stopRetries = onceLive(readChanged);
  return () => {
    stop();
    stopRetries();
    cards.clear();
    changes.clear();
    inSight.clear();
    changed.clear();
    mostCards = ENOUGH;
  };
}

/** Reads tasks that may have changed, those in sight first. */
export function readTasksSoon(ids: readonly string[]): void {
  for (const id of ids) changed.add(id);
  readChanged();
}

function readChanged(): void {
  if (followers.size === 0) for (const id of changed) if (!cards.has(id)) changed.delete(id);
  void readLane('sight');
  void readLane('others');
}

async function readLane(name: keyof typeof lanes): Promise<void> {
  const lane = lanes[name];
  if (lane.isReading) return;
  lane.isReading = true;
  for (let ids = nextIds(name); ids.length > 0; ids = nextIds(name)) {
    if (!(await readSome(ids))) break;
    if (lane.restMs > 0) await new Promise((resolve) => setTimeout(resolve, lane.restMs));
  }
  lane.isReading = false;
}

/** As many of the changed tasks as one request may name. */
function nextIds(name: keyof typeof lanes): string[] {
  const ids: string[] = [];
  for (const id of changed) {
    if (inSight.has(id) !== (name === 'sight')) continue;
    if (ids.push(id) === MAX_IDS) break;
  }
  for (const id of ids) changed.delete(id);
  return ids;
}

/** False if the server does not answer. */
async function readSome(ids: readonly string[]): Promise<boolean> {
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

/** Lets the lists and the components see the tasks as they are shown, with the changes that are pending. */
function announce(ids: readonly string[]): void {
  const tasks = ids.flatMap((id) => peekTask(id) ?? []);
  batch(() => {
    for (const task of tasks) {
      const shown = inSight.get(task.id);
      if (shown) shown.value = task;
    }
    for (const { take } of followers) take(tasks);
  });
}

/** Forgets the tasks that no list holds and nothing shows. */
function letGo(): void {
  const holders = [...followers];
  for (const id of cards.keys())
    if (!inSight.has(id) && !changes.has(id) && !holders.some(({ holds }) => holds(id))) cards.delete(id);
  mostCards = Math.max(ENOUGH, cards.size * 2);
}

function tasksOf(event: LogEvent): string[] {
  const { task } = event as { readonly task?: { readonly id: string } | null };
  return task ? [task.id] : [];
}
