import type { JobFieldsFragment } from '../../../sdk/index.js';
import { isOperator, messageOf, session } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { notify } from '../../frame/notices.js';
import { Problem } from '../../parts/states.js';
import { ACTIONS, Table } from '../../parts/table.js';
import { Ago, durationText } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';

const COLUMNS = ['Job', 'Every', 'Last run', 'Took', 'Handled', 'Last error'];

/** The jobs of the scheduler: when each ran, and its last error. */
export function Jobs() {
  const { data, problem, reload } = useQuery({
    key: 'jobs',
    ask: (client, signal) => client.schedulerJobs({ signal }),
    changesWith: ({ type }) => type.startsWith('scheduler.'),
  });
  return (
    <section class="queue-list" aria-label="Jobs">
      <h2>
        Jobs
        <button type="button" class="plain quiet small" onClick={reload}>
          Read again
        </button>
      </h2>
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {data.value && (
        <Table columns={isOperator.value ? [...COLUMNS, ACTIONS] : COLUMNS}>
          {data.value.map((job) => (
            <Row key={job.id} job={job} onChange={reload} />
          ))}
        </Table>
      )}
    </section>
  );
}

function Row({ job, onChange }: { readonly job: JobFieldsFragment; readonly onChange: () => void }) {
  return (
    <tr>
      <td>{sentence(job.name.replaceAll(/([A-Z])/g, '_$1'))}</td>
      <td class="quiet">{durationText(job.everyMs)}</td>
      <td class="quiet">
        {job.paused ? (
          <span class="warning">paused</span>
        ) : job.lastRunAt ? (
          <Ago at={job.lastRunAt} />
        ) : (
          'never'
        )}
      </td>
      <td class="quiet">{job.lastDurationMs === null ? '–' : `${job.lastDurationMs} ms`}</td>
      <td class="quiet">{job.lastHandled ?? '–'}</td>
      <td class="long-text bad text">{job.lastError}</td>
      {isOperator.value && (
        <td class="actions">
          <JobButtons job={job} onChange={onChange} />
        </td>
      )}
    </tr>
  );
}

function JobButtons({ job, onChange }: { readonly job: JobFieldsFragment; readonly onChange: () => void }) {
  const send = async (does: 'run' | 'pause' | 'resume') => {
    const client = session.value?.client;
    const input = { name: job.name };
    try {
      if (does === 'run') await client?.runSchedulerJob(input);
      else if (does === 'pause') await client?.pauseSchedulerJob(input);
      else await client?.resumeSchedulerJob(input);
      onChange();
    } catch (error) {
      notify(messageOf(error), 'bad');
    }
  };
  return (
    <span class="row-buttons">
      <button type="button" onClick={() => void send('run')}>
        Run
      </button>
      <button type="button" onClick={() => void send(job.paused ? 'resume' : 'pause')}>
        {job.paused ? 'Resume' : 'Pause'}
      </button>
    </span>
  );
}
