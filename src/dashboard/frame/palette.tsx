import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { Dialog } from './dialog.js';
import { findItems, type Item, knownItems } from './palette-items.js';
import { closeDialog } from './palette-state.js';

/** How long the typing must pause before the server is asked, in milliseconds. */
const PAUSE_MS = 120;

/** Finds tasks by ref and words, agents, views and actions. */
export default function Palette() {
  const text = useSignal('');
  const found = useSignal<readonly Item[]>([]);
  const selected = useSignal(0);
  const words = text.value.trim().toLowerCase();
  useFound(words, (items) => {
    found.value = items;
  });
  const known = knownItems().filter((item) => item.text.toLowerCase().includes(words));
  const shown = words === '' ? known : [...found.value, ...known.filter(({ kind }) => kind !== 'recent')];
  const at = Math.min(selected.value, Math.max(0, shown.length - 1));
  const run = (item: Item | undefined) => {
    closeDialog();
    item?.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) selected.value = (at + step + shown.length) % Math.max(1, shown.length);
    else if (event.key === 'Enter') run(shown[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label="Find" onClose={closeDialog} class="palette">
      <input
        type="text"
        role="combobox"
        aria-label="Find tasks, agents and actions"
        aria-controls="found"
        aria-expanded="true"
        aria-activedescendant={shown[at] ? `found-${at}` : undefined}
        placeholder="A ref, words of a task, an agent, an action"
        onKeyDown={onKeyDown}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          selected.value = 0;
        }}
      />
      <div id="found" class="found" role="listbox" aria-label="Found">
        {shown.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys and Enter work in the field
          <div
            key={item.id}
            id={`found-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onClick={() => run(item)}
          >
            <span class="cut text">{item.text}</span>
            <span class="quiet small">{item.kind}</span>
          </div>
        ))}
      </div>
      {shown.length === 0 && <p class="quiet">Nothing is found.</p>}
    </Dialog>
  );
}

/** Asks the server for tasks and agents when the typing pauses. */
function useFound(words: string, take: (items: readonly Item[]) => void): void {
  useEffect(() => {
    if (words === '') return take([]);
    const end = new AbortController();
    const timer = setTimeout(() => void findItems(words, end.signal).then(take, () => undefined), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [words]);
}
