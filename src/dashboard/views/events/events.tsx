import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EventFilter } from '../../../sdk/index.js';
import { generation } from '../../data/live.js';
import { useKeys } from '../../frame/keyboard.js';
import { Page } from '../../frame/page.js';
import { queryValue, setQuery } from '../../frame/router.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { WindowedList } from '../../parts/windowed-list.js';
import { countOf } from '../../parts/words.js';
import { type EventLog, openLog } from './event-log.js';
import { EventRow } from './event-row.js';
import { Filters, typesOf } from './filters.js';
import './events.css';

const ROW = 28;
/** On a narrow page a row has two lines. */
const ROW_NARROW = 52;

/** The log as a table that follows, the newest at the bottom. */
export default function Events() {
  const log = useSignal<EventLog | null>(null);
  const retries = useSignal(0);
  const start = { after: queryValue('after'), at: queryValue('at') };
  const filter = filterOf();
  useEffect(() => {
    const opened = openLog(filter, start);
    log.value = opened;
    return opened.end;
  }, [JSON.stringify([filter, start]), retries.value, generation.value]);
  const current = log.value;
  useKeys([
    {
      ...{ keys: ' ', does: 'Pause and go on' },
      run: ({ target }) => {
        // The space bar also presses the button that has the focus.
        const button = target instanceof Element ? target.closest('button') : null;
        if (button) button.click();
        else current?.togglePause();
      },
    },
  ]);
  return (
    <Page title="Events" tools={current && <PauseButton log={current} />} isFixed>
      <div class="event-filters">
        <Filters />
      </div>
      {current && current.problem.value !== '' && (
        <Problem text={current.problem.value} onRetry={() => (retries.value += 1)} />
      )}
      {current && !current.isRead.value && current.problem.value === '' && <Loading />}
      {current?.isRead.value && current.events.value.length === 0 && (
        <Empty title="No event matches">
          <p>Everything that happens to tasks, agents, reviews and schedules appears here at once.</p>
        </Empty>
      )}
      {current && current.events.value.length > 0 && (
        <Table key={JSON.stringify(start)} log={current} isPast={start.after !== '' || start.at !== ''} />
      )}
    </Page>
  );
}

function filterOf(): EventFilter {
  const types = typesOf(queryValue('types'));
  const [task, agent, run] = ['task', 'agent', 'run'].map(queryValue);
  return {
    ...(types.length > 0 ? { types } : {}),
    ...(task ? { task: { ref: task } } : {}),
    ...(agent ? { agent: { name: agent } } : {}),
    ...(run ? { pipelineRunId: run } : {}),
  };
}

function PauseButton({ log }: { readonly log: EventLog }) {
  const isPaused = log.isPaused.value;
  return (
    <>
      {log.isRead.value && !log.isLive.value && (
        <span class="warning" role="status">
          In the past
        </span>
      )}
      {(queryValue('at') !== '' || queryValue('after') !== '') && (
        <button type="button" onClick={() => setQuery({ at: '', after: '' })}>
          To the present
        </button>
      )}
      <button type="button" aria-pressed={isPaused} title="Space" onClick={log.togglePause}>
        {isPaused ? 'Go on' : 'Pause'}
      </button>
      {isPaused && (
        <span class="warning" role="status">
          Paused: {countOf(log.held.value, 'new event')}
        </span>
      )}
    </>
  );
}

interface TableProps {
  readonly log: EventLog;
  /** Whether the log was opened in the past: it then begins at its first event. */
  readonly isPast: boolean;
}

function Table({ log, isPast }: TableProps) {
  const isAtEnd = useSignal(!isPast);
  const events = log.events.value;
  const ids = events.map(({ cursor }) => cursor);
  const rowHeight = matchMedia('(max-width: 640px)').matches ? ROW_NARROW : ROW;
  return (
    <div
      class="event-table"
      data-past={log.isLive.value ? undefined : ''}
      onScrollCapture={({ target }) => {
        if (!(target instanceof HTMLElement)) return;
        isAtEnd.value = target.scrollHeight - target.scrollTop - target.clientHeight < rowHeight * 2;
      }}
    >
      {log.hasEarlier.value && (
        <button type="button" class="plain quiet small event-earlier" onClick={() => void log.readEarlier()}>
          Earlier events
        </button>
      )}
      <WindowedList
        ids={ids}
        rowHeight={rowHeight}
        label="Events"
        class="event-list"
        // The list follows its end until the reader scrolls up.
        selected={isAtEnd.value && log.isLive.value ? (ids.at(-1) ?? null) : null}
        onEnd={log.readMore}
      >
        {(_cursor, index) => {
          const event = events[index];
          return event && <EventRow event={event} />;
        }}
      </WindowedList>
    </div>
  );
}
