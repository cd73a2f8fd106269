import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { CardsDocument, type CardsQuery, type CardsQueryVariables } from '../../generated/dashboard/cards.js';
import type { Client, TaskFilter } from '../../sdk/index.js';
import { createAdmission, EVERYTHING } from './admission.js';
import { generation, onceLive } from './live.js';
import { createPlacedIds } from './placed-ids.js';
import { messageOf, session } from './session.js';
import type { Order } from './task-order.js';
import { followTasks, peekTask, putTasks, type TaskCard, type TaskFollower } from './tasks.js';

/** A list of tasks that grows downwards as it is scrolled, and that changes as tasks enter and leave it. */
export interface TaskList {
  readonly ids: ReadonlySignal<readonly string[]>;
  /** Whether the list goes on behind the last id. */
  readonly hasMore: ReadonlySignal<boolean>;
  /** Whether the first page has been read. */
  readonly isRead: ReadonlySignal<boolean>;
  /** Why the last page could not be read; empty if it could. */
  readonly problem: ReadonlySignal<string>;
  /** Reads the next page. Does nothing while a page is being read. */
  readonly readMore: () => void;
  readonly end: () => void;
}

/** What belongs to a list. */
export interface TaskListOptions {
  readonly filter: TaskFilter;
  /** Whether a task belongs to the list, as far as the page can tell, for tasks that change while the list is shown. */
  readonly matches: (task: TaskCard) => boolean;
  /** Whether only the server can tell the rest of `filter`. It is then asked about each task that changes. */
  readonly isAsking?: boolean;
  readonly order: Order;
}

/** The first page fills a column. Those behind it are asked for while the reader scrolls fast. */
const PAGE = { first: 50, next: 100 };

/** Creates a list and reads its first page. */
export function createTaskList({ filter, matches, order, isAsking = false }: TaskListOptions): TaskList {
  const placeAgain = (answered: readonly string[]) => place(shownTasks(answered), hasMore.peek());
  const admission = isAsking ? createAdmission(filter, placeAgain) : EVERYTHING;
  const belongs = (task: TaskCard) => matches(task) && admission.has(task.id);
  const { ids, has, place, append } = createPlacedIds({ belongs, order });
  const hasMore = signal(true);
  const isRead = signal(false);
  const problem = signal('');
  let cursor: string | null = null;
  let isReading = false;
  let isTakingPage = false;
  let isEnded = false;
  let readings = 0;
  /** The tasks that have changed while a page was being read. */
  const arrived = new Map<string, TaskCard>();

  async function readPage(): Promise<void> {
    const client = session.value?.client;
    if (!client || isReading || isEnded || !hasMore.peek()) return;
    isReading = true;
    const reading = readings;
    try {
      const tasks = await readCards(client, { filter, orderBy: order.orderBy, after: cursor });
      if (reading === readings) takePage(tasks);
      problem.value = '';
    } catch (error) {
      problem.value = messageOf(error);
    }
    isReading = false;
    arrived.clear();
    if (reading !== readings) await readPage();
  }

  /** A page is as old as its reading: what has changed since then is put to its place again. */
  function takePage({ nodes, pageInfo }: CardsQuery['tasks']): void {
    const isFirst = cursor === null;
    cursor = pageInfo.endCursor;
    batch(() => {
      hasMore.value = pageInfo.hasNextPage;
      admission.admit(nodes, isFirst, [...arrived.values()].filter(matches));
      isTakingPage = true;
      putTasks(nodes);
      isTakingPage = false;
      // What was shown stays until there is something newer.
      append(nodes, isFirst);
      place([...arrived.values()], hasMore.peek());
      isRead.value = true;
    });
  }

  function take(tasks: readonly TaskCard[]): void {
    if (!isTakingPage) admission.check(tasks.filter((task) => matches(task) || has(task.id)));
    if (isReading) for (const task of tasks) arrived.set(task.id, task);
    place(tasks, hasMore.peek());
  }

  const stop = followChanges({
    ...{ take, holds: has },
    readAgain() {
      readings += 1;
      cursor = null;
      hasMore.value = true;
      void readPage();
    },
    retry() {
      if (problem.peek() !== '') void readPage();
      admission.retry();
    },
  });
  void readPage();
  return {
    ...{ ids, hasMore, isRead, problem },
    readMore: () => void readPage(),
    end() {
      isEnded = true;
      admission.end();
      stop();
    },
  };
}

/** The first page, or the page behind a cursor. */
async function readCards(client: Client, variables: CardsQueryVariables): Promise<CardsQuery['tasks']> {
  const first = variables.after === null ? PAGE.first : PAGE.next;
  return (await client.request(CardsDocument, { ...variables, first })).tasks;
}

/** The tasks as they are shown now. */
function shownTasks(ids: readonly string[]): TaskCard[] {
  return ids.flatMap((id) => peekTask(id) ?? []);
}

interface Changes extends TaskFollower {
  /** Events were skipped. */
  readonly readAgain: () => void;
  /** The page is live again. */
  readonly retry: () => void;
}

/** Passes changes to a list until the function that it returns is called. */
function followChanges({ readAgain, retry, ...follower }: Changes): () => void {
  const stopTasks = followTasks(follower);
  const since = generation.peek();
  const stopFollowing = generation.subscribe((value) => {
    if (value !== since) readAgain();
  });
  const stopRetries = onceLive(retry);
  return () => {
    stopTasks();
    stopFollowing();
    stopRetries();
  };
}
