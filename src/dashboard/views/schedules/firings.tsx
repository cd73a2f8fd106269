import type { SchedulesQuery } from '../../../generated/dashboard/schedules.js';
import { basePath } from '../../frame/router.js';
import { lookOf, sentence } from '../../parts/words.js';

type Firing = SchedulesQuery['recurringTasks']['nodes'][number]['history']['nodes'][number];

const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
});

/** The last ten times that it was due, the newest at the right: a shape for what became of each. */
export function Firings({ firings }: { readonly firings: readonly Firing[] }) {
  if (firings.length === 0) return <p class="quiet">It has not been due yet.</p>;
  return (
    <ol class="firings" aria-label="The last ten times">
      {firings.toReversed().map((firing) => (
        <li key={firing.id}>
          <Dot firing={firing} />
        </li>
      ))}
    </ol>
  );
}

function Dot({ firing: { dueAt, task, skippedReason, byHand } }: { readonly firing: Firing }) {
  const at = `${dayAndTime.format(new Date(dueAt))}${byHand ? ', by hand' : ''}`;
  if (!task) {
    const words = `${at}: skipped${skippedReason === null ? '' : `, ${sentence(skippedReason).toLowerCase()}`}`;
    return (
      <span class="firing" data-tone={skippedReason === null ? 'quiet' : 'warning'} title={words}>
        <span aria-hidden="true">{skippedReason === null ? '·' : '⤼'}</span>
        <span class="visually-hidden">{words}</span>
      </span>
    );
  }
  const { word, shape, tone } = lookOf(task.status);
  const words = `${at}: ${task.ref}, ${word.toLowerCase()}`;
  return (
    <a class="firing" data-tone={tone} href={`${basePath}/tasks/${task.ref}`} title={words}>
      <span aria-hidden="true">{shape}</span>
      <span class="visually-hidden">{words}</span>
    </a>
  );
}
