import { useSignal } from '@preact/signals';
import { RunTextsDocument } from '../../../generated/dashboard/task.js';
import { useQuery } from '../../data/use-query.js';
import { Markdown } from '../../parts/markdown.js';
import type { TaskDetail } from '../task/task-data.js';
import { compareLines } from './line-changes.js';

/** The work, and on demand what has changed in it since the round before. */
export function Delivered({ task }: { readonly task: TaskDetail }) {
  const isCompared = useSignal(false);
  const results = task.runs.nodes.filter(({ outcome }) => outcome === 'SUCCEEDED');
  const earlier = results.at(-2);
  return (
    <section class="pane" aria-label="Delivered">
      <h2>
        Delivered
        {earlier && (
          <button
            type="button"
            aria-pressed={isCompared.value}
            onClick={() => (isCompared.value = !isCompared.value)}
          >
            {isCompared.value ? 'Show the text' : 'Changes since the last round'}
          </button>
        )}
      </h2>
      {isCompared.value && earlier ? (
        <Changes runId={earlier.id} text={task.resolution ?? ''} />
      ) : (
        <Markdown text={task.resolution ?? ''} />
      )}
    </section>
  );
}

function Changes({ runId, text }: { readonly runId: string; readonly text: string }) {
  const { data } = useQuery({
    key: runId,
    ask: async (client, signal) => (await client.request(RunTextsDocument, { id: runId }, { signal })).node,
  });
  if (data.value === undefined) return null;
  const { output } = { output: null, ...data.value };
  const lines = output === null ? null : compareLines(output, text);
  if (lines === null) return <p class="quiet">The earlier text cannot be compared.</p>;
  return (
    <pre class="changes">
      {lines.map(({ text: line, change }, index) => (
        <div key={index} data-change={change}>
          <span aria-hidden="true">{change === 'new' ? '+' : change === 'gone' ? '−' : ' '}</span> {line}
        </div>
      ))}
    </pre>
  );
}
