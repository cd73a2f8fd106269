import { useMemo } from 'preact/hooks';
import { QueueHealthDocument, type QueueHealthQuery } from '../../../generated/dashboard/queue.js';
import { session } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { Lazy } from '../../frame/lazy.js';
import { Page } from '../../frame/page.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { durationText } from '../../parts/time.js';
import { Gateways } from './gateways.js';
import { Jobs } from './jobs.js';
import { Numbers } from './numbers.js';
import { WaitingBars } from './waiting-bars.js';
import './queue.css';

const EVERY_MS = 2_000;

/** uPlot fails to load where the browser names a language that it does not know itself, such as `en-US@posix`. */
function loadChart() {
  try {
    Intl.getCanonicalLocales(navigator.language);
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en', configurable: true });
  }
  return import('./chart.js');
}

/** Whether the work flows: how much waits, for how long, and what stands in its way. */
export default function Queue() {
  return (
    <Page title="Queue">
      {session.value?.role === 'AGENT' ? (
        <Empty title="This key belongs to an agent">
          <p>The numbers of the whole queue are for the people who run the fleet.</p>
        </Empty>
      ) : (
        <Health />
      )}
    </Page>
  );
}

function Health() {
  const { data, problem, reload } = useQuery({
    key: 'queue',
    everyMs: EVERY_MS,
    ask: (client, signal) => client.request(QueueHealthDocument, {}, { signal }),
    changesWith: ({ type }) => /^(task|review|run)\./.test(type) && type !== 'run.progress',
  });
  const health = data.value;
  return (
    <>
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {health === undefined && problem.value === '' && <Loading />}
      {health && <Numbers health={health} />}
      {health && (
        <div class="charts">
          <Throughput day={health.overview.day} />
          <WaitingBars health={health} />
          <Times name="Wait time" kind="waits" color="--waiting" health={health} />
          <Times name="Run time" kind="runs" color="--working" health={health} />
        </div>
      )}
      <Gateways />
      <Jobs />
    </>
  );
}

function Throughput({ day }: { readonly day: QueueHealthQuery['overview']['day'] }) {
  const sum = (name: 'created' | 'completed' | 'failed' | 'rejected') =>
    day.reduce((all, point) => all + point[name], 0);
  const chart = useMemo(
    () => ({
      times: day.map(({ at }) => Date.parse(at) / 1_000),
      series: [
        { name: 'created', color: '--quiet', values: day.map((point) => point.created), isDashed: true },
        { name: 'done', color: '--good', values: day.map((point) => point.completed) },
        { name: 'rejected', color: '--warning', values: day.map((point) => point.rejected) },
        { name: 'failed', color: '--bad', values: day.map((point) => point.failed) },
      ],
    }),
    [day],
  );
  const label = `In 24 hours: ${sum('created')} created, ${sum('completed')} done, ${sum('rejected')} rejected, ${sum('failed')} failed`;
  return (
    <section aria-label="Throughput">
      <h2>
        Throughput by hour <span class="quiet small">{label}</span>
      </h2>
      <Lazy load={loadChart} props={{ ...chart, label }} />
    </section>
  );
}

interface TimesProps {
  readonly name: string;
  readonly kind: 'waits' | 'runs';
  readonly color: string;
  readonly health: QueueHealthQuery;
}

const whats = { waits: ['task started', 'tasks started'], runs: ['attempt succeeded', 'attempts succeeded'] };

/** The median and the 95th percentile by hour. Waits and runs have charts of their own, because their scales differ. */
function Times({ name, kind, color, health: { overview } }: TimesProps) {
  const { times } = overview;
  const count = overview.whole[0]?.[kind].count ?? 0;
  const chart = useMemo(
    () => ({
      times: times.map(({ at }) => Date.parse(at) / 1_000),
      series: [
        { name: 'p50', color, values: times.map((point) => secondsOf(point[kind].p50Ms)) },
        { name: 'p95', color, values: times.map((point) => secondsOf(point[kind].p95Ms)), isDashed: true },
      ],
    }),
    [times, color, kind],
  );
  const [one, many] = whats[kind];
  const label =
    count === 0
      ? `No ${one} in 24 hours`
      : `In 24 hours: ${count.toLocaleString('en')} ${count === 1 ? one : many}`;
  return (
    <section aria-label={name}>
      <h2>
        {name} by hour <span class="quiet small">{label}</span>
      </h2>
      {count > 0 && (
        <Lazy
          load={loadChart}
          props={{
            ...chart,
            label: `${name}: median and 95th percentile by hour`,
            format: secondsText,
            isDuration: true,
          }}
        />
      )}
    </section>
  );
}

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}

/** Agents that answer at once finish within a second. */
function secondsText(seconds: number): string {
  return seconds > 0 && seconds < 1 ? `${seconds.toFixed(1)} s` : durationText(seconds * 1_000);
}
