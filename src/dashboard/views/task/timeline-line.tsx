import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { LogEvent } from '../../../sdk/index.js';
import { Markdown } from '../../parts/markdown.js';
import { Ago, durationText } from '../../parts/time.js';
import { countOf } from '../../parts/words.js';
import { eventText, toneOf } from './event-text.js';
import { outcomeText } from './run-text.js';
import type { TaskDetail } from './task-data.js';
import type { TimelineRow } from './timeline-rows.js';

interface LineProps {
  readonly row: TimelineRow;
  readonly task: TaskDetail;
}

/** One event of a task: when, what, who, what it took, and the words of people and agents. */
export function TimelineLine({ row: { event, idleMs, earlier }, task }: LineProps) {
  const isOpen = useSignal(false);
  return (
    <>
      {idleMs > 0 && <Idle ms={idleMs} />}
      {isOpen.value && earlier.map((one) => <Entry key={one.cursor} event={one} task={task} />)}
      <Entry event={event} task={task}>
        {earlier.length > 0 && (
          <button
            type="button"
            class="plain quiet small"
            aria-expanded={isOpen.value}
            onClick={() => (isOpen.value = !isOpen.value)}
          >
            {isOpen.value ? 'Hide' : 'Show'} {countOf(earlier.length, 'earlier report')}
          </button>
        )}
      </Entry>
    </>
  );
}

/** An idle stretch, as one line. */
export function Idle({ ms }: { readonly ms: number }) {
  return <li class="gap quiet small">{durationText(ms)} nothing</li>;
}

interface EntryProps {
  readonly event: LogEvent;
  readonly task: TaskDetail;
  readonly children?: ComponentChildren;
}

function Entry({ event, task, children }: EntryProps) {
  const words = wordsOf(event, task);
  const outcome = outcomeOf(event, task);
  return (
    <li data-tone={toneOf(event)}>
      <span class="line-at small quiet">
        <Ago at={event.at} />
      </span>
      <div class="line-text">
        <span class="text">{eventText(event)}</span>
        <span class="quiet text"> · {event.actor.displayName}</span>
        {outcome !== '' && <span class="quiet text"> · {outcome}</span>}
        {words !== '' && (
          <div class="line-words">
            <Markdown text={words} />
          </div>
        )}
        {children && <div>{children}</div>}
      </div>
    </li>
  );
}

/** What people and agents wrote. */
function wordsOf(event: LogEvent, task: TaskDetail): string {
  if (event.__typename === 'TaskCommentedEvent') return event.comment?.body ?? '';
  if (event.__typename === 'ReviewEvent') return event.review?.feedback ?? '';
  if (event.__typename !== 'QuestionEvent') return '';
  if (event.type === 'question.asked') return event.question?.text ?? '';
  return event.type === 'question.answered' ? answerOf(event.question?.id, task) : '';
}

function answerOf(id: string | undefined, task: TaskDetail): string {
  const question = task.questions.nodes.find((one) => one.id === id);
  if (!question?.answer) return '';
  const { text, choices, confirmed } = question.answer;
  const labels = (choices ?? []).map((key) => question.options.find((one) => one.key === key)?.label ?? key);
  if (labels.length > 0) return labels.join(', ');
  if (confirmed !== null) return confirmed ? 'Yes' : 'No';
  return text ?? '';
}

/** The end of an attempt says how long it took and what it cost. */
function outcomeOf(event: LogEvent, task: TaskDetail): string {
  if (event.__typename !== 'RunEvent' || /started|progress/.test(event.type)) return '';
  const run = task.runs.nodes.find(({ id }) => id === event.run?.id);
  return run ? outcomeText(run) : '';
}
