import { type ReadonlySignal, signal } from '@preact/signals';
import { CardsDocument } from '../../generated/dashboard/cards.js';
import type { TaskFilter } from '../../sdk/index.js';
import { generation } from './live.js';
import { messageOf, session } from './session.js';
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
  let readings = 0;

  async function readPage(): Promise<void> {
    const client = session.value?.client;
    if (!client || isReading || !hasMore.peek()) return;
    isReading = true;
    const reading = readings;
    try {
      const { tasks } = await client.request(CardsDocument, {
        ...{ first: PAGE, after: cursor, filter, orderBy: order.orderBy },
      });
      if (reading !== readings) return;
      cursor = tasks.pageInfo.endCursor;
      hasMore.value = tasks.pageInfo.hasNextPage;
      const known = new Set(ids.value);
      ids.value = [...ids.value, ...tasks.nodes.map(({ id }) => id).filter((id) => !known.has(id))];
      putTasks(tasks.nodes);
      problem.value = '';
      isRead.value = true;
    } catch (error) {
      problem.value = messageOf(error);
    } finally {
      isReading = false;
    }
    if (reading !== readings) void readPage();
  }

  /** A task behind the last one that was read arrives with its page. */
  function place(task: TaskCard): void {
    const others = ids.peek().filter((id) => id !== task.id);
    const wasIn = others.length < ids.peek().length;
    if (!matches(task)) {
      if (wasIn) ids.value = others;
      return;
    }
    const at = placeIn(others, task, order);
    if (at === others.length && hasMore.peek() && !wasIn) return;
    if (wasIn && ids.peek()[at] === task.id) return;
    ids.value = others.toSpliced(at, 0, task.id);
  }

  const stop = followTasks(place);
  const since = generation.peek();
  const stopFollowing = generation.subscribe((value) => {
    if (value === since) return;
    readings += 1;
    cursor = null;
    hasMore.value = true;
    ids.value = [];
    void readPage();
  });
  void readPage();
  return {
    ids,
    hasMore,
    isRead,
    problem,
    readMore: () => void readPage(),
    end() {
      readings += 1;
      stop();
      stopFollowing();
    },
  };
}

/** The place of a task in a sorted list, by halving. */
function placeIn(ids: readonly string[], task: TaskCard, { compare }: Order): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = shownTask(ids[middle] ?? '').peek();
    if (other && compare(other, task) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
