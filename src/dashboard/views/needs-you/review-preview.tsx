import { useSignal } from '@preact/signals';
import { readAttention } from '../../data/attention.js';
import { isOperator } from '../../data/session.js';
import { basePath } from '../../frame/router.js';
import { Markdown } from '../../parts/markdown.js';
import { Loading, Problem } from '../../parts/states.js';
import { NoteForm } from '../board/move-dialog.js';
import { judge } from '../reviews/judge.js';
import { useTask } from '../task/task-data.js';

/** The delivered work within the list, with the verdict below it. */
export function ReviewPreview({ taskRef }: { readonly taskRef: string }) {
  const { data, problem, reload } = useTask(taskRef);
  const isRejecting = useSignal(false);
  const task = data.value;
  if (problem.value !== '') return <Problem text={problem.value} onRetry={reload} />;
  if (!task) return <Loading />;
  const submit = async (verdict: 'APPROVED' | 'REJECTED', note?: string) => {
    if (await judge(task, verdict, note)) await readAttention();
  };
  return (
    <section class="preview" aria-label={`Delivered for ${taskRef}`}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <div class="preview-text" tabIndex={0}>
        <Markdown text={task.resolution ?? ''} />
      </div>
      {isOperator.value && (
        <div class="preview-buttons">
          <button type="button" class="main" onClick={() => void submit('APPROVED')}>
            Approve
          </button>
          <button
            type="button"
            aria-expanded={isRejecting.value}
            onClick={() => (isRejecting.value = !isRejecting.value)}
          >
            Reject
          </button>
          <a class="quiet" href={`${basePath}/reviews?task=${taskRef}`}>
            Beside what was asked
          </a>
        </div>
      )}
      {isRejecting.value && (
        <NoteForm label="Reject with this note" onSubmit={(note) => void submit('REJECTED', note)} />
      )}
    </section>
  );
}
