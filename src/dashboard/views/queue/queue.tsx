import { useMemo } from 'preact/hooks';
import {
  EndedAttemptsDocument,
  QueueHealthDocument,
  type QueueHealthQuery,
} from '../../../generated/dashboard/queue.js';
import type { LogEvent } from '../../../sdk/index.js';
import { session } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { Lazy } from '../../frame/lazy.js';
import { Page } from '../../frame/page.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { durationText } from '../../parts/time.js';
import { attemptsOf, hoursOf, spreadsOf } from './attempt-times.js';
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
    changesWith: ({ type }) => type.startsWith('task.') || type.startsWith('review.'),
  });
  const ended = useQuery({
    key: 'attempts',
    everyMs: EVERY_MS,
    ask: (client, signal) => client.request(EndedAttemptsDocument, {}, { signal }).then(attemptsOf),
    changesWith: endsAttempt,
  });
  const health = data.value;
  return (
    <>
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {health === undefined && problem.value === '' && <Loading />}
      {health && <Numbers health={health} spreads={spreadsOf(ended.data.value ?? [])} />}
      {health && (
        <div class="charts">
          <Throughput day={health.overview.day} />
          <WaitingBars health={health} />
          {ended.problem.value !== '' && <Problem text={ended.problem.value} onRetry={ended.reload} />}
          {ended.data.value && <Times attempts={ended.data.value} />}
        </div>
      )}
      <Gateways />
      <Jobs />
    </>
  );
}

function endsAttempt({ type }: LogEvent): boolean {
  return ['run.succeeded', 'run.failed', 'run.timed_out'].includes(type);
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

function Times({ attempts }: { readonly attempts: ReturnType<typeof attemptsOf> }) {
  const chart = useMemo(() => {
    const hours = hoursOf(attempts);
    return {
      times: hours.map(({ at }) => at),
      series: [
        { name: 'wait p50', color: '--waiting', values: hours.map(({ wait }) => secondsOf(wait?.p50)) },
        {
          ...{ name: 'wait p95', color: '--waiting', isDashed: true },
          values: hours.map(({ wait }) => secondsOf(wait?.p95)),
        },
        { name: 'run p50', color: '--working', values: hours.map(({ run }) => secondsOf(run.p50)) },
        {
          ...{ name: 'run p95', color: '--working', isDashed: true },
          values: hours.map(({ run }) => secondsOf(run.p95)),
        },
      ],
    };
  }, [attempts]);
  return (
    <section aria-label="Wait and run time">
      <h2>
        Wait and run time by hour{' '}
        <span class="quiet small">
          {attempts.length === 0
            ? 'No attempt has ended yet'
            : `The last ${attempts.length} attempts that ended`}
        </span>
      </h2>
      {attempts.length > 0 && (
        <Lazy
          load={loadChart}
          props={{ ...chart, label: 'Median and 95th percentile by hour', format: secondsText }}
        />
      )}
    </section>
  );
}

function secondsOf(ms: number | undefined): number | null {
  return ms === undefined ? null : ms / 1_000;
}

function secondsText(seconds: number): string {
  return durationText(seconds * 1_000);
}
