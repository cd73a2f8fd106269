import type { LogEvent } from '../../../sdk/index.js';
import { basePath, setQuery } from '../../frame/router.js';
import { copyText } from '../../parts/copy.js';
import { Ago } from '../../parts/time.js';
import { eventText, toneOf } from '../task/event-text.js';

/** One line of the log. A click on its type, its task or its agent filters by it. */
export function EventRow({ event }: { readonly event: LogEvent }) {
  const task = taskOf(event);
  const agent = agentOf(event);
  return (
    <div class="event" data-tone={toneOf(event)}>
      <span class="event-at small quiet">
        <Ago at={event.at} />
      </span>
      <FilterButton name="types" value={event.type} class="event-type mono" />
      <span class="event-what cut">
        {task && (
          <>
            <FilterButton name="task" value={task.ref} class="ref" />{' '}
          </>
        )}
        <span class="text" title={eventText(event)}>
          {eventText(event)}
        </span>{' '}
        <span class="quiet text">{subjectOf(event)}</span>
        {task && (
          <a class="quiet text" href={`${basePath}/tasks/${task.ref}`} title={task.title}>
            {task.title}
          </a>
        )}
      </span>
      <span class="event-agent cut">
        {agent !== '' && <FilterButton name="agent" value={agent} class="" />}
      </span>
      <span class="event-actor quiet cut text" title={event.actor.displayName}>
        {event.actor.displayName}
      </span>
      <button
        type="button"
        class="plain quiet small event-cursor"
        title="Copy the cursor: a stream that resumes after it gets what follows this event"
        onClick={() => void copyText(event.cursor)}
      >
        From here
      </button>
    </div>
  );
}

interface FilterButtonProps {
  readonly name: string;
  readonly value: string;
  readonly class: string;
}

function FilterButton({ name, value, class: className }: FilterButtonProps) {
  return (
    <button
      type="button"
      class={`plain text ${className}`}
      title={`Only ${value}`}
      onClick={() => setQuery({ [name]: value })}
    >
      {value}
    </button>
  );
}

function taskOf(event: LogEvent): { readonly ref: string; readonly title: string } | null {
  return 'task' in event ? event.task : null;
}

/** The name of what is neither a task nor an agent. */
function subjectOf(event: LogEvent): string {
  if ('recurringTask' in event) return event.recurringTask?.name ?? '';
  if ('pipeline' in event) return event.pipeline?.name ?? '';
  if ('apiKey' in event) return event.apiKey?.name ?? '';
  if ('gatewayName' in event) return event.gatewayName ?? '';
  return 'job' in event ? (event.job ?? '') : '';
}

/** The agent that the event is about. */
function agentOf(event: LogEvent): string {
  if ('agent' in event) return event.agent?.name ?? '';
  return ('task' in event ? event.task?.assignee?.name : undefined) ?? '';
}
