import { useSignal } from '@preact/signals';
import { Dialog } from '../../frame/dialog.js';
import { NoteForm } from '../board/move-dialog.js';

const ITEM = 'mission-control.notes';
const OWN = 5;
const templates = ['Tests are missing.', 'This is not what was asked.'];

interface RejectDialogProps {
  readonly label: string;
  readonly onClose: () => void;
  readonly onSubmit: (note: string) => void;
}

/** Asks why work is rejected. Offers templates and the last notes of this browser. */
export function RejectDialog({ label, onClose, onSubmit }: RejectDialogProps) {
  const chosen = useSignal('');
  return (
    <Dialog label={label} onClose={onClose} class="move">
      <h2>{label}</h2>
      <NoteForm
        key={chosen.value}
        label="Reject with this note"
        initial={chosen.value}
        onSubmit={(note) => {
          keepNote(note);
          onSubmit(note);
        }}
      />
      <div class="choices">
        {[...readNotes(), ...templates].map((note) => (
          <button type="button" key={note} onClick={() => (chosen.value = note)}>
            <span class="cut text">{note}</span>
          </button>
        ))}
      </div>
    </Dialog>
  );
}

function readNotes(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(ITEM) ?? '[]');
    return Array.isArray(stored)
      ? stored.filter((note) => typeof note === 'string' && !templates.includes(note))
      : [];
  } catch {
    return [];
  }
}

function keepNote(note: string): void {
  const others = readNotes().filter((one) => one !== note);
  localStorage.setItem(ITEM, JSON.stringify([note.slice(0, 500), ...others].slice(0, OWN)));
}
