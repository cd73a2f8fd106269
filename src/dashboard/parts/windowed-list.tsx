import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { useScrollPlace } from '../frame/scroll-place.js';

interface WindowedListProps {
  readonly ids: readonly string[];
  /** The height of every row in pixels. */
  readonly rowHeight: number;
  readonly children: (id: string, index: number) => ComponentChildren;
  /** The row that must be in sight; null if none. */
  readonly selected?: string | null;
  /** Called when the end of the list comes near. */
  readonly onEnd?: () => void;
  readonly label: string;
  readonly class?: string;
}

/** Rows that are drawn beyond the edges, so that fast scrolling shows no gap. */
const MARGIN = 6;

/**
 * A list of which only the rows in sight exist, so that a hundred thousand rows scroll as smoothly as ten. Rows have one
 * height, so the place of each is known without measuring.
 */
export function WindowedList(props: WindowedListProps) {
  const { ids, rowHeight, children, selected, onEnd, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(800);
  useScrollPlace(box, label);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => {
      height.value = element.clientHeight;
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = box.current;
    const index = selected ? ids.indexOf(selected) : -1;
    if (!element || index < 0) return;
    const at = index * rowHeight;
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = at + rowHeight - element.clientHeight;
  }, [selected]);

  const first = Math.max(0, Math.floor(top.value / rowHeight) - MARGIN);
  const last = Math.min(ids.length, Math.ceil((top.value + height.value) / rowHeight) + MARGIN);
  useEffect(() => {
    if (last >= ids.length - MARGIN) onEnd?.();
  }, [last, ids.length]);

  return (
    <section
      ref={box}
      class={`window ${props.class ?? ''}`}
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
      tabIndex={0}
      onScroll={(event) => {
        top.value = event.currentTarget.scrollTop;
      }}
    >
      <div class="window-space" style={{ height: `${ids.length * rowHeight}px` }}>
        {ids.slice(first, last).map((id, index) => (
          <div
            key={id}
            class="window-row"
            style={{ top: `${(first + index) * rowHeight}px`, height: `${rowHeight}px` }}
          >
            {children(id, first + index)}
          </div>
        ))}
      </div>
    </section>
  );
}
