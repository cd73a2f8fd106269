import { signal } from '@preact/signals';

/** Which dialog of the frame is open. */
export const dialog = signal<'palette' | 'keys' | null>(null);

/** Opens the palette. */
export function openPalette(): void {
  dialog.value = 'palette';
}

/** Closes the dialog that is open. */
export function closeDialog(): void {
  dialog.value = null;
}

/** A task that was opened in this tab. */
export interface RecentTask {
  readonly ref: string;
  readonly title: string;
}

/** The tasks that were opened last, the latest first. */
export const recentTasks = signal<readonly RecentTask[]>([]);

const RECENT = 5;

/** Remembers that a task was opened. */
export function rememberTask({ ref, title }: RecentTask): void {
  const others = recentTasks.peek().filter((task) => task.ref !== ref);
  recentTasks.value = [{ ref, title }, ...others].slice(0, RECENT);
}
