import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { TimelineDocument, type TimelineQuery } from '../../../generated/dashboard/task.js';
import type { LogEvent } from '../../../sdk/index.js';
import { onEvents } from '../../data/live.js';
import { messageOf, session } from '../../data/session.js';
import { Markdown } from '../../parts/markdown.js';
import { Problem } from '../../parts/states.js';
import { Ago, durationText } from '../../parts/time.js';
import { eventText, isFailure, toneOf } from './event-text.js';

const PAGE = 100;

/** A pause of more than this is shown as one line, in milliseconds. */
const GAP_MS = 3_600_000;

type Filter = 'all' | 'failures' | 'words';

/** Everything that happened to a task, the newest at the bottom, and what happens now. */
export function Timeline({ taskId }: { readonly taskId: string }) {
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
        {shown.map((event, index) => (
          <Line key={event.cursor} event={event} before={shown[index - 1]} />
        ))}
      </ol>
    </section>
  );
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

/** What people wrote: comments and verdicts. */
function isShown(event: LogEvent, filter: Filter): boolean {
  if (filter === 'failures') return isFailure(event);
  return filter === 'all' || event.__typename === 'TaskCommentedEvent' || event.type === 'review.submitted';
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

function Line({ event, before }: { readonly event: LogEvent; readonly before: LogEvent | undefined }) {
  const gap = before ? new Date(event.at).getTime() - new Date(before.at).getTime() : 0;
  const words = wordsOf(event);
  return (
    <>
      {gap > GAP_MS && <li class="gap quiet small">{durationText(gap)} nothing</li>}
      <li data-tone={toneOf(event)}>
        <span class="line-at small quiet">
          <Ago at={event.at} />
        </span>
        <span class="line-text">
          <span class="text">{eventText(event)}</span>
          <span class="quiet text"> {event.actor.displayName}</span>
          {words !== '' && (
            <div class="line-words">
              <Markdown text={words} />
            </div>
          )}
        </span>
      </li>
    </>
  );
}

function wordsOf(event: LogEvent): string {
  if (event.__typename === 'TaskCommentedEvent') return event.comment?.body ?? '';
  if (event.__typename === 'ReviewEvent') return event.review?.feedback ?? '';
  if (event.__typename === 'QuestionEvent')
    return event.type === 'question.asked' ? (event.question?.text ?? '') : '';
  return '';
}
