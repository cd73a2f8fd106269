import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { Client, EventFilter, LogEvent } from '../../../sdk/index.js';
import { messageOf, session } from '../../data/session.js';

/** The part of the log that the view shows, and its tail as it grows. */
export interface EventLog {
  /** The newest last. */
  readonly events: ReadonlySignal<readonly LogEvent[]>;
  /** How many events came while it was paused. */
  readonly held: ReadonlySignal<number>;
  readonly isPaused: ReadonlySignal<boolean>;
  readonly isRead: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<string>;
  /** Stops the table, or shows what came meanwhile and goes on. */
  readonly togglePause: () => void;
  readonly end: () => void;
}

/** What is shown at once without a cursor. */
const PAGE = 100;
/** More rows than this are let go at the old end, so that the memory of an open page does not grow. */
const MOST = 5_000;

/** Opens the log: from a cursor on, or with the last events. */
export function openLog(filter: EventFilter, after: string): EventLog {
  const events = signal<readonly LogEvent[]>([]);
  const waiting = signal<readonly LogEvent[]>([]);
  const held = signal(0);
  const isPaused = signal(false);
  const isRead = signal(false);
  const problem = signal('');
  const end = new AbortController();
  let isScheduled = false;

  /** Events that arrive together are drawn once. */
  function take(arrived: LogEvent): void {
    waiting.value = [...waiting.value, arrived].slice(-MOST);
    held.value += 1;
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(() => {
      isScheduled = false;
      if (!isPaused.peek()) show();
    });
  }

  function show(): void {
    batch(() => {
      events.value = [...events.value, ...waiting.value].slice(-MOST);
      waiting.value = [];
      held.value = 0;
    });
  }

  async function run(client: Client): Promise<void> {
    let cursor = after;
    if (after === '') {
      const page = await client.lastEvents({ last: PAGE, filter }, { signal: end.signal });
      events.value = page.nodes as readonly LogEvent[];
      cursor = page.pageInfo.endCursor ?? '';
    }
    isRead.value = true;
    const start = cursor === '' ? {} : { after: cursor };
    for await (const item of client.followEvents({ filter, signal: end.signal, ...start }))
      if (!item.type.startsWith('stream.')) take(item as LogEvent);
  }

  const client = session.value?.client;
  if (client)
    run(client).catch((error: unknown) => {
      if (!end.signal.aborted) problem.value = messageOf(error);
    });
  return {
    ...{ events, held, isPaused, isRead, problem },
    togglePause() {
      isPaused.value = !isPaused.value;
      if (!isPaused.value) show();
    },
    end: () => end.abort(),
  };
}
