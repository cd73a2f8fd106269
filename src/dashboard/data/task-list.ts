import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { CardsDocument, type CardsQuery } from '../../generated/dashboard/cards.js';
import type { TaskFilter } from '../../sdk/index.js';
import { generation, onceLive } from './live.js';
import { createPlacedIds } from './placed-ids.js';
import { messageOf, session } from './session.js';
import type { Order } from './task-order.js';
import { followTasks, putTasks, type TaskCard } from './tasks.js';

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

/** The first page fills a column. Those behind it are asked for while the reader scrolls fast. */
const PAGE = { first: 50, next: 100 };

/** Creates a list and reads its first page. */
export function createTaskList({ filter, matches, order }: TaskListOptions): TaskList {
  const { ids, has, place, append } = createPlacedIds({ belongs: matches, order });
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
        ...{ first: cursor === null ? PAGE.first : PAGE.next, after: cursor },
        ...{ filter, orderBy: order.orderBy },
      });
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
      putTasks(nodes);
      // What was shown stays until there is something newer.
      append(nodes, isFirst);
      place([...arrived.values()], hasMore.peek());
      isRead.value = true;
    });
  }

  function take(tasks: readonly TaskCard[]): void {
    if (isReading) for (const task of tasks) arrived.set(task.id, task);
    place(tasks, hasMore.peek());
  }

  const stop = followTasks({ take, holds: has });
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
