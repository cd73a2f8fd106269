import { signal } from '@preact/signals';

/** The time of day in milliseconds, for ages. One timer for the whole page moves it once a second. */
export const now = signal(readTime());

/** The time of day. The only place of the dashboard that reads it. */
export function readTime(): number {
  return performance.timeOrigin + performance.now();
}

/** Starts the timer. A page in the background shows nothing, so it is brought up to date when it is seen again. */
export function startClock(): void {
  const tick = () => {
    if (!document.hidden) now.value = readTime();
  };
  setInterval(tick, 1_000);
  document.addEventListener('visibilitychange', tick);
}
