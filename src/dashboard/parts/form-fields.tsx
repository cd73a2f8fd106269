import type { ComponentChildren } from 'preact';
import { sentence } from './words.js';

/** A field of a form with its label above it. */
export function Field({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label>
      {title}
      {children}
    </label>
  );
}

interface LineProps {
  readonly name: string;
  readonly title: string;
  readonly placeholder?: string;
  readonly value?: string;
  readonly list?: string;
}

/** A field of one line. */
export function Line({ name, title, placeholder = '', value = '', list }: LineProps) {
  return (
    <Field title={title}>
      <input
        type="text"
        name={name}
        autocomplete="off"
        placeholder={placeholder}
        defaultValue={value}
        {...(list === undefined ? {} : { list })}
      />
    </Field>
  );
}

/** The most that a field for an instant takes. Without it the year has six digits, and four of them do not end its typing. */
export const LAST_INSTANT = '9999-12-31T23:59';

interface InstantProps {
  readonly name: string;
  readonly title: string;
  /** An instant in the form of the API; null if there is none. */
  readonly at?: string | null;
}

/** A field for an instant in the zone of the reader. */
export function Instant({ name, title, at = null }: InstantProps) {
  return (
    <Field title={title}>
      <input
        type="datetime-local"
        name={name}
        max={LAST_INSTANT}
        defaultValue={at === null ? '' : toLocal(at)}
      />
    </Field>
  );
}

/** The instant in the form of the field, in the zone of the reader and to the minute. */
export function toLocal(at: string): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

interface ChoiceProps {
  readonly name: string;
  readonly title: string;
  readonly values: readonly string[];
  readonly chosen: string;
}

/** A field with a fixed set of values. */
export function Choice({ name, title, values, chosen }: ChoiceProps) {
  return (
    <Field title={title}>
      <select name={name}>
        {values.map((value) => (
          <option key={value} value={value} selected={value === chosen}>
            {sentence(value)}
          </option>
        ))}
      </select>
    </Field>
  );
}
