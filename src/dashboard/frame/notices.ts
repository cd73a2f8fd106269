import { signal } from '@preact/signals';

/** A short message at the edge of the page. */
export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly kind: 'good' | 'bad';
}

/** How long a message stays, in milliseconds. An error can be read twice. */
const SHOWN_MS = { good: 4_000, bad: 12_000 };

/** The messages that are shown, the newest last. */
export const notices = signal<readonly Notice[]>([]);

let count = 0;

/** Shows a message for a while. */
export function notify(text: string, kind: Notice['kind'] = 'good'): void {
  count += 1;
  const id = count;
  notices.value = [...notices.value.slice(-3), { id, text, kind }];
  setTimeout(() => dismissNotice(id), SHOWN_MS[kind]);
}

/** Removes a message. */
export function dismissNotice(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}
