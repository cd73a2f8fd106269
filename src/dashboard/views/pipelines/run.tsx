import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { RunGraphDocument } from '../../../generated/dashboard/pipelines.js';
import { isOperator, messageOf, session } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { Lazy } from '../../frame/lazy.js';
import { notify } from '../../frame/notices.js';
import { Page } from '../../frame/page.js';
import { basePath } from '../../frame/router.js';
import { Confirm } from '../../parts/confirm.js';
import { CopiedId } from '../../parts/marks.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import type { ViewProps } from '../view.js';
import { RunState } from './run-parts.js';
import './pipelines.css';

const EVERY_MS = 500;

const loadGraph = () => import('./graph.js');

/** One run of a pipeline as a graph that changes as its tasks do. */
export default function Run({ params }: ViewProps) {
  const id = params.id ?? '';
  const tasks = useRef<ReadonlySet<string>>(new Set());
  const { data, problem, reload } = useQuery({
    key: id,
    everyMs: EVERY_MS,
    ask: (client, signal) =>
      client.request(RunGraphDocument, { id }, { signal }).then(({ pipelineRun }) => pipelineRun),
    changesWith: (event) =>
      event.type.startsWith('pipeline.') || ('task' in event && tasks.current.has(event.task?.id ?? '')),
  });
  const run = data.value;
  tasks.current = new Set(run?.tasks.map((task) => task.id));
  return (
    <Page
      title={run ? `Run of ${run.pipeline.name}` : 'Run'}
      tools={run?.status === 'RUNNING' && isOperator.value && <CancelButton id={id} />}
    >
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {run === undefined && problem.value === '' && <Loading />}
      {run === null && <Empty title="There is no such run" />}
      {run && (
        <>
          <p class="run-facts">
            <a href={`${basePath}/pipelines`}>Pipelines</a>
            <RunState run={run} />
            <CopiedId id={run.id} />
            {Object.entries(run.variables).map(([name, value]) => (
              <span key={name} class="chip text cut">
                {name}: {String(value)}
              </span>
            ))}
          </p>
          <Lazy load={loadGraph} props={{ tasks: run.tasks }} />
        </>
      )}
    </Page>
  );
}

function CancelButton({ id }: { readonly id: string }) {
  const isAsking = useSignal(false);
  const cancel = async () => {
    try {
      await session.value?.client.cancelPipelineRun({ id });
      notify('The run is cancelled');
    } catch (error) {
      notify(messageOf(error), 'bad');
    }
  };
  return (
    <>
      <button type="button" class="danger" onClick={() => (isAsking.value = true)}>
        Cancel the run
      </button>
      {isAsking.value && (
        <Confirm
          title="Cancel the run?"
          does="Cancel its tasks"
          onClose={() => (isAsking.value = false)}
          onConfirm={() => void cancel()}
        >
          Its tasks that have not ended are cancelled, and agents that work on them lose them.
        </Confirm>
      )}
    </>
  );
}
