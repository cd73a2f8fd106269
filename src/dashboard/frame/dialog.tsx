import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import './dialog.css';

interface DialogProps {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  readonly class?: string;
}

/** A dialog of the browser: it keeps the focus inside, Escape closes it, and a click beside it as well. */
export function Dialog({ label, onClose, children, class: name = '' }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  // Before the next key: what is typed at once after the key that opens the dialog belongs into its field.
  useLayoutEffect(() => element.current?.showModal(), []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it by keyboard
    <dialog
      ref={element}
      class={`dialog ${name}`}
      aria-label={label}
      // Escape. Left to the browser, the page would hear of it in a later task, and a key that opens the dialog again would be lost.
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={onClose}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      {children}
    </dialog>
  );
}
