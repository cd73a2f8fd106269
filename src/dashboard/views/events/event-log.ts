import { type ReadonlySignal, signal } from '@preact/signals';
import type { Client, EventFilter, LogEvent } from '../../../sdk/index.js';
import { messageOf, session } from '../../data/session.js';
import { createTail, type EventTail } from './event-tail.js';

/** The part of the log that the view shows, and its tail as it grows. */
export interface EventLog extends Pick<EventTail, 'events' | 'held' | 'isPaused' | 'togglePause'> {
  readonly isRead: ReadonlySignal<boolean>;
  /** Whether it follows the log. A log that was opened in the past follows once it has reached the present. */
  readonly isLive: ReadonlySignal<boolean>;
  /** Whether there are events before the first one. */
  readonly hasEarlier: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<string>;
  /** Reads the next page of a log in the past. Does nothing while it reads, and once it follows. */
  readonly readMore: () => void;
  /** Reads the page before the first event. */
  readonly readEarlier: () => Promise<void>;
  readonly end: () => void;
}

/** Where a log begins: after a cursor, at an instant, or with the last events. */
export interface LogStart {
  readonly after: string;
  readonly at: string;
}

/** What is read at once. */
const PAGE = 100;

/** Opens the log. */
export function openLog(filter: EventFilter, start: LogStart): EventLog {
  const isRead = signal(false);
  const isLive = signal(false);
  const hasEarlier = signal(false);
  const problem = signal('');
  const tail = createTail(() => (hasEarlier.value = true));
  const end = new AbortController();
  const { signal: aborted } = end;
  let cursor = '';
  let isReading = false;

  async function begin(client: Client): Promise<void> {
    if (start.after === '' && start.at === '') {
      const page = await client.lastEvents({ last: PAGE, filter }, { signal: aborted });
      tail.append(page.nodes as readonly LogEvent[]);
      hasEarlier.value = page.pageInfo.hasPreviousPage;
      isRead.value = true;
      await follow(client, page.pageInfo.endCursor ?? '');
      return;
    }
    cursor = start.after || (await client.eventCursor({ at: instantOf(start.at) }, { signal: aborted }));
    hasEarlier.value = true;
    await readOn(client);
  }

  async function readOn(client: Client): Promise<void> {
    isReading = true;
    const page = await client.events({ first: PAGE, after: cursor, filter }, { signal: aborted });
    tail.append(page.nodes as readonly LogEvent[]);
    cursor = page.pageInfo.endCursor ?? cursor;
    isRead.value = true;
    isReading = false;
    if (!page.pageInfo.hasNextPage) await follow(client, cursor);
  }

  async function follow(client: Client, after: string): Promise<void> {
    isLive.value = true;
    const from = after === '' ? {} : { after };
    for await (const item of client.followEvents({ filter, signal: aborted, ...from }))
      if (!item.type.startsWith('stream.')) tail.take(item as LogEvent);
  }

  async function readEarlier(client: Client): Promise<void> {
    const [first] = tail.events.peek();
    const before = first?.cursor ?? cursor;
    const page = await client.lastEvents({ last: PAGE, before, filter }, { signal: aborted });
    tail.prepend(page.nodes as readonly LogEvent[]);
    hasEarlier.value = page.pageInfo.hasPreviousPage;
  }

  /** Runs what reads, and shows why it failed. */
  async function guard(work: (client: Client) => Promise<void>): Promise<void> {
    const client = session.value?.client;
    try {
      if (client) await work(client);
    } catch (error) {
      isReading = false;
      if (!aborted.aborted) problem.value = messageOf(error);
    }
  }

  void guard(begin);
  const { events, held, isPaused, togglePause } = tail;
  return {
    ...{ events, held, isPaused, togglePause, isRead, isLive, hasEarlier, problem },
    readMore() {
      if (isRead.peek() && !isLive.peek() && !isReading) void guard(readOn);
    },
    readEarlier: () => guard(readEarlier),
    end: () => end.abort(),
  };
}

/** @throws {Error} for a text that was typed into the address and is no instant. */
function instantOf(text: string): string {
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at.toISOString();
  throw new Error(
    `"${text}" is not an instant. Write one such as 2026-05-01T10:30:00Z, or choose one above.`,
  );
}
