import { useSignal } from '@preact/signals';
import { PipelineListDocument, type PipelineListQuery } from '../../../generated/dashboard/pipelines.js';
import { isOperator, messageOf, session } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { Dialog } from '../../frame/dialog.js';
import { Page } from '../../frame/page.js';
import { basePath, navigate } from '../../frame/router.js';
import { Empty, Loading, Problem } from '../../parts/states.js';
import { RunState } from './run-parts.js';
import './pipelines.css';

type Pipeline = PipelineListQuery['pipelines']['nodes'][number];

const PAGE = 25;
const EVERY_MS = 1_000;

/** The pipelines, each with its last runs. */
export default function Pipelines() {
  const pages = useSignal(1);
  const starting = useSignal<Pipeline | null>(null);
  const { data, problem, reload } = useQuery({
    key: String(pages.value),
    everyMs: EVERY_MS,
    ask: (client, signal) =>
      client
        .request(PipelineListDocument, { first: PAGE * pages.value }, { signal })
        .then(({ pipelines }) => pipelines),
    // The progress of a run changes with its tasks.
    changesWith: ({ type }) => type.startsWith('pipeline.') || type.startsWith('task.'),
  });
  return (
    <Page title="Pipelines">
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {data.value === undefined && problem.value === '' && <Loading />}
      {data.value?.nodes.length === 0 && (
        <Empty title="There is no pipeline yet">
          <p>A pipeline is a graph of tasks that is started as a whole:</p>
          <pre>mc pipeline save release --body @release.json</pre>
        </Empty>
      )}
      {data.value?.nodes.map((pipeline) => (
        <section key={pipeline.id} class="pipeline" aria-label={pipeline.name}>
          <h2>
            <span class="text">{pipeline.name}</span>
            {isOperator.value && (
              <button type="button" onClick={() => (starting.value = pipeline)}>
                Start
              </button>
            )}
          </h2>
          <Runs pipeline={pipeline} />
        </section>
      ))}
      {data.value?.pageInfo.hasNextPage && pages.value < 4 && (
        <button type="button" onClick={() => (pages.value += 1)}>
          Show more
        </button>
      )}
      {starting.value && <StartForm pipeline={starting.value} onClose={() => (starting.value = null)} />}
    </Page>
  );
}

function Runs({ pipeline }: { readonly pipeline: Pipeline }) {
  if (pipeline.runs.nodes.length === 0) return <p class="quiet">It has not run yet.</p>;
  return (
    <ul class="runs">
      {pipeline.runs.nodes.map((run) => (
        <li key={run.id}>
          <a class="mono" href={`${basePath}/pipelines/runs/${run.id}`}>
            {run.id}
          </a>
          <RunState run={run} />
        </li>
      ))}
    </ul>
  );
}

interface StartFormProps {
  readonly pipeline: Pipeline;
  readonly onClose: () => void;
}

/** Asks for the variables of a run and starts it. */
function StartForm({ pipeline: { name, variables }, onClose }: StartFormProps) {
  const problem = useSignal('');
  const start = async (form: HTMLFormElement) => {
    const fields = new FormData(form);
    const values = Object.fromEntries(variables.map((variable) => [variable, String(fields.get(variable))]));
    try {
      const answer = await session.value?.client.startPipeline({ name, variables: values });
      onClose();
      if (answer?.pipelineRun) navigate(`/pipelines/runs/${answer.pipelineRun.id}`);
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  return (
    <Dialog label={`Start ${name}`} onClose={onClose}>
      <form
        class="start-form"
        onSubmit={(event) => {
          event.preventDefault();
          void start(event.currentTarget);
        }}
      >
        <h2 class="text">Start {name}</h2>
        {variables.map((variable) => (
          <label key={variable}>
            {variable}
            <input type="text" name={variable} required autocomplete="off" />
          </label>
        ))}
        {problem.value !== '' && (
          <p class="bad text" role="alert">
            {problem.value}
          </p>
        )}
        <button type="submit" class="main">
          Start
        </button>
      </form>
    </Dialog>
  );
}
