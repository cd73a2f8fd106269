import { now } from '../frame/clock.js';
import { onEvents } from './live.js';
import { readTasksSoon, tasksInSight } from './tasks.js';

/** The shortest time between two reads of all tasks in sight, in milliseconds. A busy fleet has many events of agents each second. */
const SPACING_MS = 1_000;

/** What other tasks may wait for. Events of tasks are followed by themselves. */
const OTHERS = /^(agent|gateway|scheduler)\./;

/**
 * Reads the tasks in sight again when what they wait for may have changed without a change of their own: an agent or a gateway comes or
 * goes, or their start has come. Returns the function that stops it.
 */
export function startWaits(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let before = now.peek();
  const readAll = () => {
    timer = undefined;
    readTasksSoon(tasksInSight().map(({ id }) => id));
  };
  const stopEvents = onEvents((events) => {
    if (events.some(({ type }) => OTHERS.test(type))) timer ??= setTimeout(readAll, SPACING_MS);
  });
  const stopTicks = now.subscribe((instant) => {
    const hasCome = (start: string | null) =>
      start !== null && Date.parse(start) > before && Date.parse(start) <= instant;
    const started = tasksInSight().filter(({ startsAt }) => hasCome(startsAt));
    before = instant;
    if (started.length > 0) readTasksSoon(started.map(({ id }) => id));
  });
  return () => {
    clearTimeout(timer);
    stopEvents();
    stopTicks();
  };
}
