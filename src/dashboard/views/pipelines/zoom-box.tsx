import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useKeys } from '../../frame/keyboard.js';

const LEAST = 0.2;
const MOST = 2;
const STEP = 1.25;

interface ZoomBoxProps {
  readonly label: string;
  /** The size of the content without zoom, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly children: ComponentChildren;
}

/**
 * A box whose content fits it at first and is then zoomed by pinch, by the wheel with Ctrl, by keys and by buttons. It is moved by
 * dragging and by scrolling.
 */
export function ZoomBox({ label, width, height, children }: ZoomBoxProps) {
  const box = useRef<HTMLElement>(null);
  const zoom = useSignal(1);
  /** Zooms, and keeps the point of the content that is at these coordinates of the box. */
  const zoomTo = (wanted: number, x: number, y: number) => {
    const element = box.current;
    if (!element) return;
    const next = Math.min(MOST, Math.max(LEAST, wanted));
    const ratio = next / zoom.peek();
    zoom.value = next;
    requestAnimationFrame(() => {
      element.scrollLeft = (element.scrollLeft + x) * ratio - x;
      element.scrollTop = (element.scrollTop + y) * ratio - y;
    });
  };
  const zoomBy = (factor: number) => {
    const { clientWidth = 0, clientHeight = 0 } = box.current ?? {};
    zoomTo(zoom.peek() * factor, clientWidth / 2, clientHeight / 2);
  };
  const fit = () => {
    const space = (box.current?.clientWidth ?? 0) / width;
    zoom.value = Math.min(1, Math.max(LEAST, space));
  };
  useEffect(fit, [width]);
  useEffect(() => watchWheel(box.current, (factor, x, y) => zoomTo(zoom.peek() * factor, x, y)), []);
  useKeys([
    { keys: '+', does: 'Zoom in', run: () => zoomBy(STEP) },
    { keys: '-', does: 'Zoom out', run: () => zoomBy(1 / STEP) },
    { keys: '0', does: 'Fit the graph', run: fit },
  ]);
  return (
    <div class="zoom">
      <div class="zoom-tools">
        <button type="button" title="Zoom out (-)" aria-label="Zoom out" onClick={() => zoomBy(1 / STEP)}>
          −
        </button>
        <output class="small quiet" aria-label="Zoom">
          {Math.round(zoom.value * 100)} %
        </output>
        <button type="button" title="Zoom in (+)" aria-label="Zoom in" onClick={() => zoomBy(STEP)}>
          +
        </button>
        <button type="button" title="Fit the graph (0)" onClick={fit}>
          Fit
        </button>
      </div>
      <section
        ref={box}
        class="graph"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
        tabIndex={0}
        onPointerDown={(event) => startDrag(event, box.current)}
      >
        <div style={{ width: `${width * zoom.value}px`, height: `${height * zoom.value}px` }}>
          <div
            class="graph-space"
            style={{ width: `${width}px`, height: `${height}px`, transform: `scale(${zoom.value})` }}
          >
            {children}
          </div>
        </div>
      </section>
    </div>
  );
}

/** A pinch on a touch pad arrives as a wheel with Ctrl. The listener must be able to keep the page from zooming. */
function watchWheel(
  element: HTMLElement | null,
  onZoom: (factor: number, x: number, y: number) => void,
): () => void {
  const listen = (event: WheelEvent) => {
    if (!event.ctrlKey || !element) return;
    event.preventDefault();
    const { left, top } = element.getBoundingClientRect();
    onZoom(Math.exp(-event.deltaY / 200), event.clientX - left, event.clientY - top);
  };
  element?.addEventListener('wheel', listen, { passive: false });
  return () => element?.removeEventListener('wheel', listen);
}

/** Moves the content with the pointer. Fingers scroll by themselves, and links keep their clicks. */
function startDrag(event: PointerEvent, element: HTMLElement | null): void {
  const isOnLink = event.target instanceof Element && event.target.closest('a') !== null;
  if (!element || isOnLink || event.button !== 0 || event.pointerType === 'touch') return;
  const { scrollLeft, scrollTop } = element;
  element.setPointerCapture(event.pointerId);
  const move = ({ clientX, clientY }: PointerEvent) => {
    element.scrollLeft = scrollLeft + event.clientX - clientX;
    element.scrollTop = scrollTop + event.clientY - clientY;
  };
  element.addEventListener('pointermove', move);
  element.addEventListener('lostpointercapture', () => element.removeEventListener('pointermove', move), {
    once: true,
  });
}
