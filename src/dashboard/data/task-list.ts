import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { CardsDocument, type CardsQuery } from '../../generated/dashboard/cards.js';
import type { TaskFilter } from '../../sdk/index.js';
import { generation, onceLive } from './live.js';
import { messageOf, session } from './session.js';
import { withTask } from './sorted-ids.js';
import type { Order } from './task-order.js';
import { followTasks, putTasks, shownTask, type TaskCard } from './tasks.js';

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
  /** Whether a task belongs to the list: the same as `filter`, for tasks that change while the list is shown. */
  readonly matches: (task: TaskCard) => boolean;
  readonly order: Order;
}

const PAGE = 50;

/** Creates a list and reads its first page. */
export function createTaskList({ filter, matches, order }: TaskListOptions): TaskList {
  const ids = signal<readonly string[]>([]);
  const hasMore = signal(true);
  const isRead = signal(false);
  const problem = signal('');
  let cursor: string | null = null;
  let isReading = false;
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
      const { tasks } = await client.request(CardsDocument, {
        ...{ first: PAGE, after: cursor, filter, orderBy: order.orderBy },
      });
      if (reading === readings) take(tasks);
      problem.value = '';
    } catch (error) {
      problem.value = messageOf(error);
    }
    isReading = false;
    arrived.clear();
    if (reading !== readings) await readPage();
  }

  /** A page is as old as its reading: what has changed since then is put to its place again. */
  function take({ nodes, pageInfo }: CardsQuery['tasks']): void {
    // What was shown stays until there is something newer.
    const earlier = cursor === null ? [] : ids.peek();
    const known = new Set(earlier);
    cursor = pageInfo.endCursor;
    batch(() => {
      hasMore.value = pageInfo.hasNextPage;
      putTasks(nodes);
      const added = nodes.filter(({ id }) => !known.has(id) && isShownIn(id, matches));
      ids.value = [...earlier, ...added.map(({ id }) => id)];
      for (const task of arrived.values()) place(task);
      isRead.value = true;
    });
  }

  function follow(task: TaskCard): void {
    if (isReading) arrived.set(task.id, task);
    place(task);
  }

  function place(task: TaskCard): void {
    ids.value = withTask(ids.peek(), task, { belongs: matches(task), order, hasMore: hasMore.peek() });
  }

  const stop = followTasks(follow);
  const since = generation.peek();
  const stopFollowing = generation.subscribe((value) => {
    if (value === since) return;
    readings += 1;
    cursor = null;
    hasMore.value = true;
    void readPage();
  });
  const stopRetries = onceLive(() => {
    if (problem.peek() !== '') void readPage();
  });
  void readPage();
  return {
    ...{ ids, hasMore, isRead, problem },
    readMore: () => void readPage(),
    end() {
      isEnded = true;
      stop();
      stopFollowing();
      stopRetries();
    },
  };
}

/** Whether the task belongs to the list as it is shown now, which may be newer than its page. */
function isShownIn(id: string, matches: TaskListOptions['matches']): boolean {
  const task = shownTask(id).peek();
  return task !== null && matches(task);
}
