import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { entry, onLeave } from './router.js';

/** For this long, in milliseconds, a box is moved to its place while its rows arrive. */
const PATIENCE_MS = 3_000;

/** The most entries whose places are kept. */
const MOST = 100;

/** How far each box was scrolled, by the entry of the history and the name of the box. */
const places = new Map<string, Map<string, number>>();

/** Brings the box back to where it was scrolled when the reader comes back to an entry of the history. */
export function useScrollPlace(box: RefObject<HTMLElement | null>, name: string): void {
  const current = entry.value;
  useLayoutEffect(
    () =>
      onLeave((left) => {
        if (box.current) keep(left, name, box.current.scrollTop);
      }),
    [name],
  );
  useLayoutEffect(() => {
    const place = places.get(current)?.get(name);
    return box.current && place ? moveTo(box.current, place) : undefined;
  }, [current, name]);
}

function keep(left: string, name: string, place: number): void {
  const ofEntry = places.get(left) ?? new Map<string, number>();
  ofEntry.set(name, place);
  places.delete(left);
  places.set(left, ofEntry);
  const [oldest] = places.keys();
  if (places.size > MOST && oldest !== undefined) places.delete(oldest);
}

/** Rows arrive page by page, and a list reads on when its end is in sight. What the reader scrolls ends it. */
function moveTo(box: HTMLElement, place: number): () => void {
  const until = performance.now() + PATIENCE_MS;
  let frame = 0;
  const end = () => cancelAnimationFrame(frame);
  const move = () => {
    box.scrollTop = place;
    if (Math.abs(box.scrollTop - place) > 1 && performance.now() < until) frame = requestAnimationFrame(move);
  };
  for (const input of ['wheel', 'touchstart', 'pointerdown', 'keydown'])
    box.addEventListener(input, end, { once: true, passive: true });
  move();
  return end;
}
