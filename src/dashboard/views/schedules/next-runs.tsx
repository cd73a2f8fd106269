import { Ago } from '../../parts/time.js';

interface NextRunsProps {
  readonly runs: readonly string[];
  readonly timeZone: string;
  readonly isPaused: boolean;
}

/** The next runs in the zone of the schedule, and in that of the reader where it is another one. */
export function NextRuns({ runs, timeZone, isPaused }: NextRunsProps) {
  if (runs.length === 0) return <p class="quiet">{isPaused ? 'Paused: none comes next.' : 'It is over.'}</p>;
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const there = formatOf(timeZone);
  const here = formatOf(own);
  return (
    <ol class="next-runs">
      {runs.map((at) => {
        const inZone = there.format(new Date(at));
        const forReader = here.format(new Date(at));
        const [day] = inZone.split(', ');
        return (
          <li key={at}>
            <span>{inZone}</span>
            <span class="quiet small">
              {forReader === inZone ? '' : `${forReader.replace(`${day}, `, '')} here, `}
              <Ago at={at} />
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    ...{ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
    timeZone,
  });
}
