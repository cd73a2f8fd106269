import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { LogEvent } from '../../../sdk/index.js';

/** More rows than this are let go, so that the memory of an open page does not grow. */
const MOST = 5_000;

/** Events that grow at their end, and that can be stopped. */
export interface EventTail {
  /** The newest last. */
  readonly events: ReadonlySignal<readonly LogEvent[]>;
  /** How many events came while it was paused. */
  readonly held: ReadonlySignal<number>;
  readonly isPaused: ReadonlySignal<boolean>;
  /** Stops it, or shows what came meanwhile and goes on. */
  readonly togglePause: () => void;
  /** Takes one event. Those that arrive together are drawn once. */
  readonly take: (event: LogEvent) => void;
  readonly append: (page: readonly LogEvent[]) => void;
  readonly prepend: (page: readonly LogEvent[]) => void;
}

/** @param onForget - is called when events at the old end were let go. */
export function createTail(onForget: () => void): EventTail {
  const events = signal<readonly LogEvent[]>([]);
  const held = signal(0);
  const isPaused = signal(false);
  let waiting: LogEvent[] = [];
  let isScheduled = false;

  function append(page: readonly LogEvent[]): void {
    const all = [...events.peek(), ...page];
    if (all.length > MOST) onForget();
    events.value = all.slice(-MOST);
  }

  function show(): void {
    const shown = waiting;
    waiting = [];
    batch(() => {
      append(shown);
      held.value = 0;
    });
  }

  function take(event: LogEvent): void {
    waiting.push(event);
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(() => {
      isScheduled = false;
      held.value = waiting.length;
      if (!isPaused.peek()) show();
      else if (waiting.length > MOST) waiting = waiting.slice(-MOST);
    });
  }

  return {
    ...{ events, held, isPaused, take, append },
    prepend(page) {
      events.value = [...page, ...events.peek()].slice(0, MOST);
    },
    togglePause() {
      isPaused.value = !isPaused.value;
      if (!isPaused.value) show();
    },
  };
}
