import type { RunLineFragment } from '../../../generated/dashboard/pipelines.js';
import { Age, Ago } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';

const looks: Readonly<Record<string, readonly [shape: string, tone: string]>> = {
  RUNNING: ['●', 'working'],
  SUCCEEDED: ['✓', 'good'],
  FAILED: ['✕', 'bad'],
  CANCELLED: ['–', 'quiet'],
};

/** The status of a run, how far it is, and since when. */
export function RunState({ run }: { readonly run: RunLineFragment }) {
  const [shape, tone] = looks[run.status] ?? ['·', 'quiet'];
  const percent = Math.round(run.progress * 100);
  return (
    <span class="run-state">
      <span class="status" data-tone={tone} data-pulse={run.status === 'RUNNING' ? '' : undefined}>
        <i aria-hidden="true">{shape}</i>
        {sentence(run.status)}
      </span>
      <span class="bar" aria-hidden="true">
        <i class="bar-fill" style={{ width: `${percent}%` }} />
      </span>
      <span>{percent} %</span>
      <span class="quiet">
        {run.finishedAt === null ? (
          <>
            for <Age since={run.startedAt} />
          </>
        ) : (
          <Ago at={run.finishedAt} />
        )}
      </span>
    </span>
  );
}
