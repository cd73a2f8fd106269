import { useSignal } from '@preact/signals';
import { RunTextsDocument } from '../../../generated/dashboard/task.js';
import { useQuery } from '../../data/use-query.js';
import { now } from '../../frame/clock.js';
import { AgentLink } from '../../parts/marks.js';
import { Loading, Problem } from '../../parts/states.js';
import { Ago, lengthText } from '../../parts/time.js';
import { sentence } from '../../parts/words.js';
import { costOf, type Run, shortCostOf, totalOf } from './run-text.js';

const tones: Readonly<Record<string, string>> = {
  SUCCEEDED: 'good',
  RUNNING: 'working',
  FAILED: 'bad',
  TIMED_OUT: 'bad',
};

/** The attempts at a task as bars, as long as they took. Prompt and output are behind a click. */
export function Attempts({ runs }: { readonly runs: readonly Run[] }) {
  if (runs.length === 0) return null;
  const longest = Math.max(...runs.map(lengthOf), 1);
  return (
    <section aria-label="Attempts" class="attempts">
      <h2>
        Attempts <span class="quiet small">{totalOf(runs)}</span>
      </h2>
      <ol>
        {runs.map((run) => (
          <Attempt key={run.id} run={run} longest={longest} />
        ))}
      </ol>
    </section>
  );
}

function lengthOf({ startedAt, finishedAt }: Run): number {
  const end = finishedAt === null ? now.value : new Date(finishedAt).getTime();
  return end - new Date(startedAt).getTime();
}

function Attempt({ run, longest }: { readonly run: Run; readonly longest: number }) {
  const isOpen = useSignal(false);
  const length = lengthOf(run);
  return (
    <li data-tone={tones[run.outcome] ?? 'quiet'}>
      <button
        type="button"
        class="attempt"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <span class="quiet">{run.number}</span>
        <span class="attempt-bar" aria-hidden="true">
          <i style={{ width: `${Math.max(2, (length / longest) * 100)}%` }} />
        </span>
        <span class="attempt-outcome">{sentence(run.outcome)}</span>
        <span>{lengthText(length)}</span>
        <span class="quiet cut text">{run.agent.name}</span>
        <span class="quiet cut attempt-cost" title={costOf(run)}>
          {shortCostOf(run)}
        </span>
      </button>
      {run.error !== null && <p class="attempt-error text bad">{run.error}</p>}
      {isOpen.value && <Texts run={run} />}
    </li>
  );
}

function Texts({ run }: { readonly run: Run }) {
  const texts = useQuery({
    key: run.id,
    ask: async (client, signal) => (await client.request(RunTextsDocument, { id: run.id }, { signal })).node,
  });
  const found = texts.data.value;
  if (texts.problem.value !== '') return <Problem text={texts.problem.value} onRetry={texts.reload} />;
  if (found === undefined) return <Loading />;
  const { prompt, output } = { prompt: null, output: null, ...found };
  return (
    <div class="attempt-texts">
      <p class="quiet small">
        By <AgentLink name={run.agent.name} />, started <Ago at={run.startedAt} />
      </p>
      {prompt !== null && <LongText title="Prompt" text={prompt} />}
      {output !== null && <LongText title="Output" text={output} />}
      {prompt === null && output === null && <p class="quiet small">No prompt and no output were stored.</p>}
    </div>
  );
}

function LongText({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <details open={text.length < 2_000}>
      <summary>
        {title} <span class="quiet small">{text.length.toLocaleString('en')} characters</span>
      </summary>
      <pre class="plain-text">{text}</pre>
    </details>
  );
}
