import { isOperator } from '../../data/session.js';
import { type ShownTask, shownTask } from '../../data/tasks.js';
import { basePath } from '../../frame/router.js';
import { PriorityMark } from '../../parts/marks.js';
import { Age } from '../../parts/time.js';
import { shortWaitText, waitText } from '../../parts/words.js';
import { dragged, selectedId } from './board-state.js';
import { selection } from './selection.js';
import './card.css';

/** The most attempts and rejections of a task before it fails. */
const MAX = { attempts: 5, rejections: 3 };

/** One task on the board. Its height is fixed, so that columns need not be measured. */
export function Card({ id }: { readonly id: string }) {
  const task = shownTask(id).value;
  if (task === null) return null;
  return (
    <a
      class="card"
      href={`${basePath}/tasks/${task.ref}`}
      data-id={id}
      data-selected={selectedId.value === id ? '' : undefined}
      data-checked={selection.value.has(id) ? '' : undefined}
      data-pending={task.isPending ? '' : undefined}
      draggable={isOperator.value}
      onDragStart={(event) => {
        event.dataTransfer?.setData('text/plain', task.ref);
        dragged.value = { id, status: task.status };
      }}
      onDragEnd={() => {
        dragged.value = null;
      }}
      onFocus={() => {
        selectedId.value = id;
      }}
    >
      <span class="card-head">
        <span class="ref">{task.ref}</span>
        <PriorityMark priority={task.priority} />
        <Tags tags={task.tags} />
        <span class="card-age quiet small">
          <Age since={task.statusAt} />
        </span>
        {selection.value.has(id) && (
          <span class="card-check" title="Selected">
            ✓
          </span>
        )}
      </span>
      <span class="card-title text" title={task.title}>
        {task.title}
      </span>
      <span class="card-foot small quiet">
        <span class="cut text card-agent" title={task.assignee?.name}>
          {task.assignee?.name ?? 'unassigned'}
        </span>
        <Tries task={task} />
        <Wait task={task} />
      </span>
    </a>
  );
}

/** The first tag, and how many follow. Two do not fit beside each other. */
function Tags({ tags }: { readonly tags: readonly string[] }) {
  const [first, ...others] = tags;
  if (first === undefined) return null;
  return (
    <span class="chip cut text" title={tags.join(', ')}>
      {first}
      {others.length > 0 && <span class="chip-more"> +{others.length}</span>}
    </span>
  );
}

/** How often attempts failed and work was rejected. */
export function Tries({ task }: { readonly task: ShownTask }) {
  const { dispatchAttempts, reviewCycles } = task;
  return (
    <>
      {dispatchAttempts > 0 && (
        <span class="card-tries" title="Failed attempts">
          {dispatchAttempts}/{MAX.attempts}
        </span>
      )}
      {reviewCycles > 0 && (
        <span class="card-tries warning" title="Rejections">
          ↺ {reviewCycles}/{MAX.rejections}
        </span>
      )}
    </>
  );
}

/** Why it waits in few words, or its step in a pipeline. */
function Wait({ task: { waitingOn, pipelineStep } }: { readonly task: ShownTask }) {
  const [reason] = waitingOn;
  // To be claimable is the usual state of what waits.
  const isWaiting = reason !== undefined && reason !== 'WAITING_FOR_CLAIM';
  return (
    <span class="cut card-wait" title={isWaiting ? waitText(reason) : (pipelineStep ?? undefined)}>
      {isWaiting ? shortWaitText(reason) : pipelineStep}
    </span>
  );
}
