import type { ComponentChildren } from 'preact';
import './parts.css';

/** What a view says that has nothing to show: what it is for, and how it is filled. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** An error where the data would be, in the words of the server. */
export function Problem({ text, onRetry }: { readonly text: string; readonly onRetry: () => void }) {
  return (
    <div class="problem" role="alert">
      <span class="text">{text}</span>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

/** What is shown until the first answer; it appears only if that takes long. */
export function Loading() {
  return (
    <p class="loading" role="status">
      Loading…
    </p>
  );
}
