import { effect } from '@preact/signals';
import { attentionCount } from '../data/attention.js';
import { connection } from '../data/live.js';

const MOST = 99;

/** Keeps the icon of the tab up to date: it carries the number of things that need the reader. */
export function startTabIcon(): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  effect(() => {
    link.href = `data:image/svg+xml,${encodeURIComponent(drawIcon(attentionCount.value, connection.value.kind))}`;
  });
}

/** The mark of the page, grey while it is offline, under a badge with the number. */
function drawIcon(count: number, kind: string): string {
  const mark = `<path d="M16 2 30 16 16 30 2 16Z" fill="${kind === 'offline' ? '#8a8d94' : '#4f6bdc'}"/>`;
  const number = count > MOST ? `${MOST}+` : String(count);
  const size = number.length > 2 ? 11 : 15;
  const badge = `<circle cx="20" cy="20" r="12" fill="#b3261e"/><text x="20" y="${20 + size * 0.36}" fill="#fff" font-family="sans-serif" font-weight="700" font-size="${size}" text-anchor="middle">${number}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${mark}${count > 0 ? badge : ''}</svg>`;
}
