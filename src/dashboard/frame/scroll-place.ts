import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { entry, onLeave } from './router.js';

/** For this long, in milliseconds, a box is moved to its place while its rows arrive. */
const PATIENCE_MS = 3_000;

/** A box in which nothing has arrived for this long, in milliseconds, has its rows. */
const SETTLED_MS = 500;

/** What a reader does. */
const INPUTS = ['wheel', 'touchstart', 'pointerdown', 'keydown'];

/** The most entries whose places are kept. */
const MOST = 100;

interface Place {
  readonly top: number;
  readonly left: number;
}

/** How far each box was scrolled, by the entry of the history and the name of the box. */
const places = new Map<string, Map<string, Place>>();

/** Brings the box back to where it was scrolled when the reader comes back to an entry of the history. */
export function useScrollPlace(box: RefObject<HTMLElement | null>, name: string): void {
  const current = entry.value;
  useLayoutEffect(
    () =>
      onLeave((left) => {
        if (box.current) keep(left, name, placeOf(box.current));
      }),
    [name],
  );
  useLayoutEffect(() => {
    const place = places.get(current)?.get(name);
    return box.current && place ? moveTo(box.current, place) : undefined;
  }, [current, name]);
}

function placeOf({ scrollTop, scrollLeft }: HTMLElement): Place {
  return { top: scrollTop, left: scrollLeft };
}

function keep(left: string, name: string, place: Place): void {
  const ofEntry = places.get(left) ?? new Map<string, Place>();
  ofEntry.set(name, place);
  places.delete(left);
  places.set(left, ofEntry);
  const [oldest] = places.keys();
  if (places.size > MOST && oldest !== undefined) places.delete(oldest);
}

/**
 * Rows arrive page by page, and a list reads on when its end is in sight. What arrives above would move the box again, so it is held
 * until nothing has arrived for a moment. What the reader does ends it.
 */
function moveTo(box: HTMLElement, { top, left }: Place): () => void {
  const until = performance.now() + PATIENCE_MS;
  let frame = 0;
  let [height, changedAt] = [-1, 0];
  const end = () => {
    cancelAnimationFrame(frame);
    for (const input of INPUTS) removeEventListener(input, end, true);
  };
  const move = () => {
    const now = performance.now();
    box.scrollTo({ top, left, behavior: 'instant' });
    if (box.scrollHeight !== height) [height, changedAt] = [box.scrollHeight, now];
    const isThere = Math.abs(box.scrollTop - top) <= 1 && Math.abs(box.scrollLeft - left) <= 1;
    if (now > until || (isThere && now > changedAt + SETTLED_MS)) end();
    else frame = requestAnimationFrame(move);
  };
  for (const input of INPUTS) addEventListener(input, end, true);
  move();
  return end;
}
