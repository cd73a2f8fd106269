import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { theme } from '../../frame/theme.js';
import 'uplot/dist/uPlot.min.css';

/** One line or row of bars of a chart. */
export interface Series {
  readonly name: string;
  /** The token of its colour, such as `--good`. */
  readonly color: string;
  readonly values: readonly (number | null)[];
  /** Dashed lines can be told apart without their colour. */
  readonly isDashed?: boolean;
}

interface ChartProps {
  /** What it shows, for those who cannot see it. */
  readonly label: string;
  /** The points in time, in seconds. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** A value of the vertical axis as people read it. */
  readonly format?: (value: number) => string;
  /** Whether the values are seconds, which people count in minutes and hours. */
  readonly isDuration?: boolean;
}

const HEIGHT = 160;
const HOUR_S = 3_600;

/** Values over time, with the colours of the theme. Below it stand the lines by name, with their values where the pointer is. */
export default function Chart(props: ChartProps) {
  const { label, times, series, format = String, isDuration = false } = props;
  const box = useRef<HTMLDivElement>(null);
  const chosen = theme.value;
  const pointed = useSignal<number | null>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const data: uPlot.AlignedData = [[...times], ...series.map(({ values }) => [...values])];
    const plot = new uPlot(
      optionsOf(element, { series, format, isDuration }, (at) => (pointed.value = at)),
      data,
      element,
    );
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [times, series, format, chosen]);
  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={label} />
      <figcaption class="small quiet">
        {series.map(({ name, color, isDashed, values }) => (
          <span key={name} class="chart-name">
            <i data-color={color} data-dashed={isDashed === true ? '' : undefined} aria-hidden="true" />
            {name}
            {pointed.value !== null && <b>{valueText(values[pointed.value], format)}</b>}
          </span>
        ))}
        {pointed.value !== null && <span class="chart-at">{hourText(times[pointed.value])}</span>}
      </figcaption>
    </figure>
  );
}

function valueText(value: number | null | undefined, format: (value: number) => string): string {
  return value == null ? '–' : format(value);
}

const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

function hourText(seconds: number | undefined): string {
  return seconds === undefined ? '' : `from ${hour.format(new Date(seconds * 1_000))}`;
}

function optionsOf(
  element: HTMLElement,
  { series, format, isDuration }: Required<Pick<ChartProps, 'series' | 'format' | 'isDuration'>>,
  onPoint: (at: number | null) => void,
): uPlot.Options {
  // A line needs two points; a single one is drawn as a dot.
  const isSingle = series[0]?.values.length === 1;
  const quiet = colorOf(element, '--quiet');
  const grid = { stroke: colorOf(element, '--border'), width: 1 };
  const axis = { stroke: quiet, grid, ticks: { show: false }, font: '11px system-ui, sans-serif' };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { setScale: false } },
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
    // Half a label of the axis fits beside the last hour.
    padding: [8, 20, 0, 0],
    scales: {
      ...(isSingle ? { x: { range: (_plot, at) => [at - HOUR_S, at + HOUR_S] } } : {}),
      y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] },
    },
    axes: [
      { ...axis, size: 28, values: '{HH}:{mm}', space: 56 },
      {
        ...axis,
        size: 52,
        values: (_plot, values) => values.map(format),
        incrs: isDuration ? durationSteps : steps,
      },
    ],
    series: [
      {},
      ...series.map(({ color, isDashed, values }) => ({
        stroke: colorOf(element, color),
        width: 2,
        // A value between two hours without one is drawn as a dot: a line needs two.
        points: { size: 5, show: isSingle || values.includes(null) },
        spanGaps: true,
        ...(isDashed === true ? { dash: [5, 4] } : {}),
      })),
    ],
  };
}

/** The steps of the vertical axis: whole numbers. */
const steps = [1, 2, 5].flatMap((step) => [1, 10, 100, 1_000, 10_000, 100_000].map((ten) => step * ten));
steps.sort((one, other) => one - other);

/** The same for seconds: a step of 50 seconds would have labels such as 1 m, 2 m and 2 m. */
const MINUTE_S = 60;
const durationSteps = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_S),
  ...[1, 2, 3, 6, 12, 24, 48, 72, 168, 720].map((hours) => hours * HOUR_S),
];

/** A canvas does not know the tokens, so the browser is asked for the colour behind one. */
function colorOf(element: HTMLElement, token: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
