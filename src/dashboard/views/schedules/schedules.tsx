import { useSignal } from '@preact/signals';
import { SchedulesDocument, type SchedulesQuery } from '../../../generated/dashboard/schedules.js';
import { isOperator, messageOf, session } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { notify } from '../../frame/notices.js';
import { Page } from '../../frame/page.js';
import { AgentLink } from '../../parts/marks.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { Firings } from './firings.js';
import { NextRuns } from './next-runs.js';
import './schedules.css';

type Schedule = SchedulesQuery['recurringTasks']['nodes'][number];

const PAGE = 25;
const EVERY_MS = 1_000;

/** The recurring tasks: when each comes next, and what became of the last ten. */
export default function Schedules() {
  const pages = useSignal(1);
  const { data, problem, reload } = useQuery({
    key: String(pages.value),
    everyMs: EVERY_MS,
    ask: (client, signal) =>
      client
        .request(SchedulesDocument, { first: PAGE * pages.value }, { signal })
        .then(({ recurringTasks }) => recurringTasks),
    changesWith: ({ type }) => type.startsWith('recurring.'),
  });
  return (
    <Page title="Schedules">
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {data.value === undefined && problem.value === '' && <Loading />}
      {data.value?.nodes.length === 0 && <NoSchedules />}
      <ul class="schedules">
        {data.value?.nodes.map((schedule) => (
          <Row key={schedule.id} schedule={schedule} />
        ))}
      </ul>
      {data.value?.pageInfo.hasNextPage && pages.value < 4 && (
        <button type="button" onClick={() => (pages.value += 1)}>
          Show more
        </button>
      )}
    </Page>
  );
}

function NoSchedules() {
  return (
    <Empty title="No task recurs yet">
      <p>A schedule makes a task each time that it is due:</p>
      <pre>{'mc cron create --name daily --schedule "every day at 9am" --title "Write the report"'}</pre>
    </Empty>
  );
}

function Row({ schedule }: { readonly schedule: Schedule }) {
  const { name, scheduleText, schedule: written, timeZone, template, paused } = schedule;
  return (
    <li class="schedule" aria-label={name}>
      <div>
        <h2 class="text">
          {name} {paused && <span class="chip">Paused</span>}
        </h2>
        <p title={written}>
          {scheduleText.charAt(0).toUpperCase() + scheduleText.slice(1)}
          <span class="quiet"> · {timeZone}</span>
        </p>
        <p class="quiet cut">
          <span class="text">{template.title}</span>
          {template.assignee && (
            <>
              {' '}
              for <AgentLink name={template.assignee.name} />
            </>
          )}
        </p>
      </div>
      <NextRuns runs={paused ? [] : schedule.nextRuns} timeZone={timeZone} isPaused={paused} />
      <Firings firings={schedule.history.nodes} />
      <Buttons schedule={schedule} />
    </li>
  );
}

function Buttons({ schedule: { id, name, paused } }: { readonly schedule: Schedule }) {
  if (!isOperator.value) return null;
  const act = async (does: 'fire' | 'pause' | 'resume') => {
    const client = session.value?.client;
    try {
      if (does === 'fire') {
        const { task } = (await client?.fireRecurringTask({ id })) ?? {};
        notify(task ? `${name} made ${task.ref}` : `${name} made no task`);
      } else if (does === 'pause') await client?.pauseRecurringTask({ id });
      else await client?.resumeRecurringTask({ id });
    } catch (error) {
      notify(messageOf(error), 'bad');
    }
  };
  return (
    <div class="schedule-buttons">
      <button type="button" title="Make a task now, beside the schedule" onClick={() => void act('fire')}>
        Fire
      </button>
      <button type="button" onClick={() => void act(paused ? 'resume' : 'pause')}>
        {paused ? 'Resume' : 'Pause'}
      </button>
    </div>
  );
}
