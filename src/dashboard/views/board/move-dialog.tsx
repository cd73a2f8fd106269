import { useSignal } from '@preact/signals';
import { isOperator } from '../../data/session.js';
import { type ShownTask, shownTask } from '../../data/tasks.js';
import { useQuery } from '../../data/use-query.js';
import { Dialog } from '../../frame/dialog.js';
import { textIn } from '../../parts/form.js';
import { Problem } from '../../parts/states.js';
import { moving } from './board-state.js';
import { type Move, makeMove, movesFrom, moveTo } from './moves.js';

/** Chooses where a task goes, and asks for the agent or the note that the move needs. */
export function MoveDialog() {
  const current = moving.value;
  const task = current && shownTask(current.id).value;
  if (!current || !task || !isOperator.value) return null;
  return (
    <Choice
      key={current.id}
      task={task}
      given={current.to === null ? undefined : moveTo(task.status, current.to)}
    />
  );
}

function close(): void {
  moving.value = null;
}

function Choice({ task, given }: { readonly task: ShownTask; readonly given: Move | undefined }) {
  const chosen = useSignal<Move | undefined>(given);
  const move = chosen.value;
  const finish = (text: string) => {
    close();
    if (move) void makeMove(task, move, text);
  };
  return (
    <Dialog label={`Move ${task.ref}`} onClose={close} class="move">
      <h2 class="cut text">
        {task.ref} {task.title}
      </h2>
      {!move && (
        <Moves
          status={task.status}
          onChoose={(next) => {
            if (next.needs) chosen.value = next;
            else {
              close();
              void makeMove(task, next);
            }
          }}
        />
      )}
      {move?.needs === 'agent' && <AgentChoice onChoose={finish} />}
      {move?.needs === 'note' && <NoteForm label={move.does} onSubmit={finish} />}
      {move?.needs === 'reason' && <ReasonForm does={`${move.does} the task`} onSubmit={finish} />}
    </Dialog>
  );
}

function Moves({
  status,
  onChoose,
}: {
  readonly status: ShownTask['status'];
  readonly onChoose: (move: Move) => void;
}) {
  const moves = movesFrom(status);
  if (moves.length === 0) return <p class="quiet">A task in this status cannot be moved.</p>;
  return (
    <div
      class="choices"
      role="menu"
      tabIndex={-1}
      onKeyDown={(event) => {
        const move = moves[Number(event.key) - 1];
        if (move) onChoose(move);
      }}
    >
      {moves.map((move, index) => (
        <button
          key={move.does}
          type="button"
          role="menuitem"
          autofocus={index === 0}
          onClick={() => onChoose(move)}
        >
          <kbd>{index + 1}</kbd> {move.does}
        </button>
      ))}
    </div>
  );
}

/** How many agents are offered. Others are found by a part of their name. */
const OFFERED = 10;

/** Asks for an agent by name. */
export function AgentChoice({ onChoose }: { readonly onChoose: (name: string) => void }) {
  const text = useSignal('');
  const search = text.value.trim();
  const agents = useQuery({
    key: search,
    ask: async (client) => ({ search, ...(await client.agents({ first: OFFERED, filter: { search } })) }),
  });
  const names = (agents.data.value?.nodes ?? [])
    .map(({ name }) => name)
    .filter((name) => name.includes(search));
  // The last answer may be that to an earlier text, and lack the agent that is meant.
  const isCurrent = agents.data.value?.search === search;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const meant = names.includes(search) ? search : isCurrent ? names[0] : search;
        if (meant) onChoose(meant);
      }}
    >
      <label>
        Assign to
        <input type="text" autofocus autocomplete="off" {...textIn(text)} />
      </label>
      {agents.problem.value !== '' && <Problem text={agents.problem.value} onRetry={agents.reload} />}
      <div class="choices">
        {names.map((name) => (
          <button key={name} type="button" onClick={() => onChoose(name)}>
            <span class="text">{name}</span>
          </button>
        ))}
      </div>
      {isCurrent && names.length === 0 && (
        <p class="quiet">{search === '' ? 'No agent has registered yet.' : 'No agent has this name.'}</p>
      )}
    </form>
  );
}

interface ReasonFormProps {
  readonly does: string;
  readonly isDisabled?: boolean;
  /** Whether a reason is asked for; else only the button. */
  readonly hasReason?: boolean;
  readonly onSubmit: (reason: string) => void;
}

/** Asks before work ends, and for a reason that may be left out. */
export function ReasonForm({ does, isDisabled = false, hasReason = true, onSubmit }: ReasonFormProps) {
  const reason = useSignal('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit(reason.value.trim());
      }}
    >
      {hasReason && (
        <label>
          Reason (may be left out)
          <input type="text" autofocus {...textIn(reason)} />
        </label>
      )}
      <button type="submit" class="main" disabled={isDisabled}>
        {does}
      </button>
    </form>
  );
}

interface NoteFormProps {
  readonly label: string;
  readonly initial?: string;
  readonly onSubmit: (text: string) => void;
}

/** Asks for a text that must not be empty. */
export function NoteForm({ label, initial = '', onSubmit }: NoteFormProps) {
  const text = useSignal(initial);
  const submit = () => {
    if (text.value.trim() !== '') onSubmit(text.value.trim());
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label>
        {label}
        <textarea
          autofocus
          rows={4}
          {...textIn(text)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
          }}
        />
      </label>
      <button type="submit" class="main" disabled={text.value.trim() === ''}>
        {label}
      </button>
    </form>
  );
}
