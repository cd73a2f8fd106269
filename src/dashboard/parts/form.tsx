import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { messageOf } from '../data/session.js';
import './form.css';

interface FormProps {
  /** What the button that sends it says. */
  readonly does: string;
  /** Sends it. An error is shown in its words, and the text of the form stays. */
  readonly onSubmit: (fields: FormData, form: HTMLFormElement) => Promise<void> | void;
  readonly children: ComponentChildren;
  readonly class?: string;
  readonly label?: string;
  /** Another button, before the one that sends. */
  readonly other?: ComponentChildren;
}

/** A form with its fields one below the other. Ctrl-Enter sends it from any of them. */
export function Form({ does, onSubmit, children, class: name = '', label, other }: FormProps) {
  const problem = useSignal('');
  const isSending = useSignal(false);
  const submit = async (form: HTMLFormElement) => {
    if (isSending.value) return;
    isSending.value = true;
    problem.value = '';
    try {
      await onSubmit(new FormData(form), form);
    } catch (error) {
      problem.value = messageOf(error);
    }
    isSending.value = false;
  };
  return (
    <form
      class={`stacked-form ${name}`}
      {...(label === undefined ? {} : { 'aria-label': label })}
      onSubmit={(event) => {
        event.preventDefault();
        void submit(event.currentTarget);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
      }}
    >
      {children}
      <Refused reason={problem.value} />
      <div class="form-buttons">
        {other}
        <button type="submit" class="main" disabled={isSending.value} title="Ctrl Enter">
          {does}
        </button>
      </div>
    </form>
  );
}

/** Why something was refused, in the words of the server; nothing if it was not. */
export function Refused({ reason }: { readonly reason: string }) {
  if (reason === '') return null;
  return (
    <p class="bad text" role="alert">
      {reason}
    </p>
  );
}

/** The attributes of a field whose text a signal holds. */
export function textIn(text: Signal<string>) {
  return {
    value: text.value,
    onInput: (event: { readonly currentTarget: { readonly value: string } }) => {
      text.value = event.currentTarget.value;
    },
  };
}
