import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { TimelineDocument, type TimelineQuery } from '../../../generated/dashboard/task.js';
import type { LogEvent } from '../../../sdk/index.js';
import { onEvents } from '../../data/live.js';
import { messageOf, session } from '../../data/session.js';
import { now } from '../../frame/clock.js';
import { Problem } from '../../parts/states.js';
import { isFailure } from './event-text.js';
import type { TaskDetail } from './task-data.js';
import { Idle, TimelineLine } from './timeline-line.js';
import { idleBetween, rowsOf } from './timeline-rows.js';

const PAGE = 100;

type Filter = 'all' | 'failures' | 'words';

/** Everything that happened to a task, the newest at the bottom, and what happens now. */
export function Timeline({ task }: { readonly task: TaskDetail }) {
  const taskId = task.id;
  const events = useSignal<readonly LogEvent[]>([]);
  const earlier = useSignal<string | null>(null);
  const problem = useSignal('');
  const filter = useSignal<Filter>('all');
  const read = async (before: string | null) => {
    try {
      const page = await readPage(taskId, before);
      if (!page) return;
      events.value = merge(page.nodes as readonly LogEvent[], events.value);
      earlier.value = page.pageInfo.hasPreviousPage ? page.pageInfo.startCursor : null;
      problem.value = '';
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  useEffect(() => {
    void read(null);
    return onEvents((arrived) => {
      const own = arrived.filter((event) => taskOf(event) === taskId);
      if (own.length > 0) events.value = merge(events.value, own);
    });
  }, [taskId]);
  const shown = events.value.filter((event) => isShown(event, filter.value));
  // Between filtered events much may have happened.
  const rows = filter.value === 'all' ? rowsOf(shown) : shown.map(alone);
  const idleMs = filter.value === 'all' && !isOver(task) ? idleSince(shown.at(-1)) : 0;
  return (
    <section class="timeline" aria-label="Timeline">
      <h2>
        Timeline
        <FilterButtons value={filter.value} onChange={(value) => (filter.value = value)} />
      </h2>
      {problem.value !== '' && <Problem text={problem.value} onRetry={() => void read(null)} />}
      {earlier.value !== null && (
        <button type="button" onClick={() => void read(earlier.value)}>
          Show earlier events
        </button>
      )}
      <ol>
        {rows.map((row) => (
          <TimelineLine key={row.event.cursor} row={row} task={task} />
        ))}
        {idleMs > 0 && <Idle ms={idleMs} />}
      </ol>
      {rows.length === 0 && events.value.length > 0 && (
        <p class="quiet">
          {filter.value === 'failures' ? 'Nothing has failed.' : 'Nothing was written yet.'}
        </p>
      )}
    </section>
  );
}

const alone = (event: LogEvent) => ({ event, idleMs: 0, earlier: [] });

function isOver({ status }: TaskDetail): boolean {
  return ['DONE', 'FAILED', 'CANCELLED'].includes(status);
}

function idleSince(last: LogEvent | undefined): number {
  return last ? idleBetween(last.at, now.value) : 0;
}

async function readPage(taskId: string, before: string | null): Promise<TimelineQuery['events'] | undefined> {
  const filter = { task: { id: taskId } };
  return (await session.value?.client.request(TimelineDocument, { filter, last: PAGE, before }))?.events;
}

/** Joins two parts of the log. An event that is in both is kept once. */
function merge(first: readonly LogEvent[], second: readonly LogEvent[]): readonly LogEvent[] {
  const known = new Set(first.map(({ cursor }) => cursor));
  return [...first, ...second.filter(({ cursor }) => !known.has(cursor))];
}

function taskOf(event: LogEvent): string | undefined {
  return (event as { readonly task?: { readonly id: string } | null }).task?.id;
}

/** The words are those of people and agents: comments, verdicts, questions and answers. */
function isShown(event: LogEvent, filter: Filter): boolean {
  if (filter === 'failures') return isFailure(event);
  return filter === 'all' || /^(TaskCommented|Question)Event$/.test(event.__typename) || isVerdict(event);
}

function FilterButtons({
  value,
  onChange,
}: {
  readonly value: Filter;
  readonly onChange: (value: Filter) => void;
}) {
  const names: Readonly<Record<Filter, string>> = { all: 'All', failures: 'Failures', words: 'Words' };
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">Which events</legend>
      {(Object.keys(names) as Filter[]).map((name) => (
        <button type="button" key={name} aria-pressed={value === name} onClick={() => onChange(name)}>
          {names[name]}
        </button>
      ))}
    </fieldset>
  );
}

function isVerdict({ type }: LogEvent): boolean {
  return type === 'review.submitted';
}
