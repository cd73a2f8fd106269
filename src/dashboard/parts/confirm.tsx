import type { ComponentChildren } from 'preact';
import { Dialog } from '../frame/dialog.js';

interface ConfirmProps {
  readonly title: string;
  /** What the button says that does it. */
  readonly does: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
}

/** Asks before work ends, or before something that can't be undone. */
export function Confirm({ title, does, children, onClose, onConfirm }: ConfirmProps) {
  return (
    <Dialog label={title} onClose={onClose}>
      <h2 class="text">{title}</h2>
      <p>{children}</p>
      <div class="form-buttons">
        <button type="button" onClick={onClose}>
          Keep it
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            onClose();
            onConfirm();
          }}
        >
          {does}
        </button>
      </div>
    </Dialog>
  );
}
