import { signal } from '@preact/signals';
import { notify } from '../frame/notices.js';
import { navigate } from '../frame/router.js';
import { type AttentionItem, attention } from './attention.js';

const ITEM = 'mission-control.notifications';

/** Whether the browser shows a notification when something new needs the reader and the page is hidden. */
export const isNotifying = signal(readChoice());

/** Whether the browser knows notifications at all. */
export const canNotify = 'Notification' in globalThis;

/** Turns the notifications on or off. Only this asks the browser for its permission, after a click. */
export async function toggleNotifications(): Promise<void> {
  const isWanted = !isNotifying.value;
  if (isWanted && (await Notification.requestPermission()) !== 'granted') {
    notify('The browser does not allow this page to notify you. Its settings for this site decide.', 'bad');
    return;
  }
  localStorage.setItem(ITEM, isWanted ? 'on' : 'off');
  isNotifying.value = isWanted;
}

/** The permission can be taken back in the settings of the browser. */
function readChoice(): boolean {
  return canNotify && localStorage.getItem(ITEM) === 'on' && Notification.permission === 'granted';
}

/** Something that needs a person, as a notification shows it. */
interface Need {
  readonly id: string;
  readonly text: string;
  readonly path: string;
}

/** Notifies of what is new while the page is hidden. Returns the end of it. */
export function startNotifications(): () => void {
  // What is there at the start is no news.
  let known: ReadonlySet<string> | null = null;
  const look = () => {
    if (attention.value === null) return;
    const needs = attention.value.filter(isUrgent).map(needOf);
    const before = known;
    known = new Set(needs.map(({ id }) => id));
    if (before === null || !isNotifying.value || !document.hidden) return;
    for (const need of needs) if (!before.has(need.id)) show(need);
  };
  return attention.subscribe(look);
}

/** Only work that stands still interrupts a person. */
function isUrgent({ severity }: AttentionItem): boolean {
  return severity === 'CRITICAL';
}

function needOf({ id, since, text, task }: AttentionItem): Need {
  return { id: `${id} ${since}`, text, path: task ? `/tasks/${task.ref}` : '/' };
}

/** The tag makes the tabs of one browser show it once. */
function show({ id, text, path }: Need): void {
  const notification = new Notification('Mission Control', { body: text.slice(0, 300), tag: id });
  notification.onclick = () => {
    focus();
    navigate(path);
    notification.close();
  };
}
