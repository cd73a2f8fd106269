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
