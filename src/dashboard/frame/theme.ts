import { signal } from '@preact/signals';

/** The theme that the reader has chosen; `system` follows the system. */
export type Theme = 'system' | 'light' | 'dark';

const ITEM = 'mission-control.theme';
const themes: readonly Theme[] = ['system', 'light', 'dark'];

/** The chosen theme. */
export const theme = signal<Theme>(readTheme());

/** Applies the stored theme. */
export function startTheme(): void {
  theme.subscribe((value) => {
    document.documentElement.dataset.theme = value;
    localStorage.setItem(ITEM, value);
  });
}

/** Goes to the next theme. */
export function switchTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
}

function readTheme(): Theme {
  const stored = localStorage.getItem(ITEM);
  return themes.find((known) => known === stored) ?? 'system';
}
