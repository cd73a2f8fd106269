import { type ReadonlySignal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Client, LogEvent } from '../../sdk/index.js';
import { generation, onceLive, onEvents } from './live.js';
import { messageOf, session } from './session.js';

/** A query rests for this many times as long as its last answer took, so that a slow one does not keep the server busy. */
const REST = 4;

/** What a query has answered. */
export interface QueryResult<Data> {
  /** The last answer; undefined until there is one. */
  readonly data: ReadonlySignal<Data | undefined>;
  /** Why the last attempt failed; empty if it did not. */
  readonly problem: ReadonlySignal<string>;
  /** Asks again. */
  readonly reload: () => void;
}

/** What a query asks and when its answer changes. */
export interface QueryOptions<Data> {
  /** The query is asked again when the key changes. */
  readonly key: string;
  readonly ask: (client: Client, signal: AbortSignal) => Promise<Data>;
  /** Whether an event changes the answer. Left out, none does. */
  readonly changesWith?: (event: LogEvent) => boolean;
  /** The shortest time between two attempts, in milliseconds, for queries that cost the server something. */
  readonly everyMs?: number;
}

/**
 * Asks a query when the component appears, and again after each event that changes the answer. One request is under way
 * at a time; events that arrive meanwhile lead to one more. Nothing is asked while nothing happens.
 */
export function useQuery<Data>(options: QueryOptions<Data>): QueryResult<Data> {
  const data = useSignal<Data | undefined>(undefined);
  const problem = useSignal('');
  const reload = useRef<() => void>(() => undefined);
  const current = useRef(options);
  current.current = options;
  const { key } = options;
  const since = generation.value;

  useEffect(() => {
    const asker = createAsker(current, {
      answer(value) {
        data.value = value;
        problem.value = '';
      },
      fail(reason) {
        problem.value = reason;
      },
    });
    reload.current = asker.ask;
    asker.ask();
    const stop = onEvents((events) => {
      if (events.some((event) => current.current.changesWith?.(event) ?? false)) asker.ask();
    });
    const stopRetries = onceLive(() => problem.peek() !== '' && asker.ask());
    return () => {
      stop();
      stopRetries();
      asker.end();
    };
  }, [key, since]);
  return { data: useComputed(() => data.value), problem, reload: () => reload.current() };
}

interface Outcome<Data> {
  readonly answer: (data: Data) => void;
  readonly fail: (reason: string) => void;
}

function createAsker<Data>(current: { readonly current: QueryOptions<Data> }, outcome: Outcome<Data>) {
  const end = new AbortController();
  let isAsking = false;
  let isWanted = false;
  let tookMs = 0;

  async function run(): Promise<void> {
    isAsking = true;
    while (isWanted && !end.signal.aborted) {
      isWanted = false;
      await askOnce();
      const pause = Math.max(current.current.everyMs ?? 0, tookMs * REST);
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    }
    isAsking = false;
  }

  async function askOnce(): Promise<void> {
    const client = session.value?.client;
    if (!client) return;
    const begun = performance.now();
    try {
      const data = await current.current.ask(client, end.signal);
      if (!end.signal.aborted) outcome.answer(data);
    } catch (error) {
      if (!end.signal.aborted) outcome.fail(messageOf(error));
    }
    tookMs = performance.now() - begun;
  }

  return {
    ask: () => {
      isWanted = true;
      if (!isAsking) void run();
    },
    end: () => end.abort(),
  };
}
