import { signal, useSignal } from '@preact/signals';
import type { TaskFilter, TaskPriority } from '../../../sdk/index.js';
import { isOperator } from '../../data/session.js';
import { useQuery } from '../../data/use-query.js';
import { Dialog } from '../../frame/dialog.js';
import { textIn } from '../../parts/form.js';
import { Problem } from '../../parts/states.js';
import { countOf, PRIORITIES, sentence } from '../../parts/words.js';
import { type BulkVerb, bulkVerbs, MOST_AT_ONCE, runBulk, setPriority, setTag, tryBulk } from './bulk.js';
import { AgentChoice, ReasonForm } from './move-dialog.js';
import { clearSelection, everything, selectedCount, selection } from './selection.js';
import './list.css';

/** The change that is being prepared. */
const preparing = signal<BulkVerb | 'priority' | 'tags' | null>(null);

const close = () => {
  preparing.value = null;
};

interface BulkBarProps {
  /** The tasks that the board shows, and how many there are. */
  readonly filter: TaskFilter;
  readonly total: number;
}

/** What can be done with the selected tasks. */
export function BulkBar({ filter, total }: BulkBarProps) {
  const count = selectedCount.value;
  if (count === 0 || !isOperator.value) return null;
  const isAll = everything.value !== null;
  return (
    <section class="bulk-bar" aria-label="Selected tasks">
      <strong role="status">{countOf(count, 'task')} selected</strong>
      {!isAll && total > count && (
        <button type="button" onClick={() => (everything.value = { filter, count: total })}>
          Select all {countOf(total, 'task')} that match
        </button>
      )}
      {bulkVerbs.map((verb) => (
        <button
          type="button"
          key={verb.does}
          class={verb.does === 'Cancel' ? 'danger' : ''}
          onClick={() => (preparing.value = verb)}
        >
          {verb.does}
        </button>
      ))}
      {!isAll && (
        <>
          <button type="button" onClick={() => (preparing.value = 'priority')}>
            Priority
          </button>
          <button type="button" onClick={() => (preparing.value = 'tags')}>
            Tags
          </button>
        </>
      )}
      <button type="button" class="plain quiet" title="Escape" onClick={clearSelection}>
        Clear
      </button>
      <BulkDialog />
    </section>
  );
}

function BulkDialog() {
  const current = preparing.value;
  if (current === null) return null;
  const finish = (work: Promise<void>) => {
    close();
    void work;
  };
  if (current === 'priority')
    return <PriorityChoice onChoose={(priority) => finish(setPriority(priority))} />;
  if (current === 'tags') return <TagForm onSubmit={(tag, isAdded) => finish(setTag(tag, isAdded))} />;
  return <VerbDialog verb={current} onSubmit={(given) => finish(runBulk(current, given))} />;
}

interface VerbProps {
  readonly verb: BulkVerb;
  readonly onSubmit: (given: string) => void;
}

/** Says first how many of the tasks the change would be applied to, as the server decides it. */
function VerbDialog({ verb, onSubmit }: VerbProps) {
  const { data, problem, reload } = useQuery({
    key: verb.does,
    ask: (client) => tryBulk(client, verb),
  });
  const { count, left = 0 } = data.value ?? {};
  const all = selectedCount.value;
  return (
    <Dialog label={`${verb.does} tasks`} onClose={close} class="move">
      <h2>
        {verb.does} {count === undefined ? '…' : countOf(count, 'task')}
      </h2>
      {problem.value !== '' && <Problem text={problem.value} onRetry={reload} />}
      {count !== undefined && count + left < all && (
        <p class="quiet">
          {all - count - left} of the {all} selected stay as they are. {verb.applies}
        </p>
      )}
      {left > 0 && (
        <p class="quiet">
          At most {MOST_AT_ONCE} are changed at once, the oldest first. {left} are left for another time.
        </p>
      )}
      {verb.needs === 'agent' && count !== 0 && <AgentChoice onChoose={onSubmit} />}
      {verb.needs !== 'agent' && (
        <ReasonForm
          does={`${verb.does} ${count === undefined ? '' : countOf(count, 'task')}`}
          hasReason={verb.needs === 'reason'}
          isDisabled={!count}
          onSubmit={onSubmit}
        />
      )}
    </Dialog>
  );
}

function PriorityChoice({ onChoose }: { readonly onChoose: (priority: TaskPriority) => void }) {
  return (
    <Dialog label="Set the priority" onClose={close} class="move">
      <h2>Priority of {countOf(selection.value.size, 'task')}</h2>
      <div class="choices">
        {PRIORITIES.map((priority, index) => (
          <button type="button" key={priority} autofocus={index === 0} onClick={() => onChoose(priority)}>
            {sentence(priority)}
          </button>
        ))}
      </div>
    </Dialog>
  );
}

function TagForm({ onSubmit }: { readonly onSubmit: (tag: string, isAdded: boolean) => void }) {
  const tag = useSignal('');
  const submit = (isAdded: boolean) => {
    if (tag.value.trim() !== '') onSubmit(tag.value.trim(), isAdded);
  };
  return (
    <Dialog label="Change tags" onClose={close} class="move">
      <h2>Tags of {countOf(selection.value.size, 'task')}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(true);
        }}
      >
        <label>
          Tag
          <input type="text" autofocus autocomplete="off" {...textIn(tag)} />
        </label>
        <span class="row-buttons">
          <button type="submit" class="main" disabled={tag.value.trim() === ''}>
            Add
          </button>
          <button type="button" disabled={tag.value.trim() === ''} onClick={() => submit(false)}>
            Remove
          </button>
        </span>
      </form>
    </Dialog>
  );
}
