import { batch, computed, signal } from '@preact/signals';

/** Where the page is: the path within the server, and the filters. */
export interface Location {
  readonly path: string;
  readonly query: URLSearchParams;
}

/** The path prefix of the server, without a slash at its end. The page names it as its base. */
export const basePath = new URL(document.baseURI).pathname.replace(/\/$/, '');

/** The present location. */
export const location = signal(readLocation());

/** The entry of the history that is shown. It has the same name when the reader comes back to it. */
export const entry = signal('');

const leavers = new Set<(entry: string) => void>();

/** Calls the function before the page leaves an entry of the history. Returns the function that stops it. */
export function onLeave(leaver: (entry: string) => void): () => void {
  leavers.add(leaver);
  return () => leavers.delete(leaver);
}

let entries = 0;

/** A name that no entry of this tab has, also not those from before the page was loaded again. */
function newEntry(): string {
  entries += 1;
  return `${performance.timeOrigin}-${entries}`;
}

/** The value of one filter of the address; empty if it has none. */
export function queryValue(name: string): string {
  return location.value.query.get(name) ?? '';
}

/** The ref of the task in the panel at the right; empty if it is closed. */
export const openedTask = computed(() => queryValue('open'));

/** Goes to a path within the server, such as `/board?status=INBOX`. */
export function navigate(path: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (replace) history.replaceState(history.state, '', basePath + path);
  else {
    leave();
    history.pushState({ entry: newEntry() }, '', basePath + path);
  }
  arrive();
}

function leave(): void {
  for (const leaver of leavers) leaver(entry.peek());
}

/** Shows what the address names. An entry that others have made gets its name here. */
function arrive(): void {
  if (typeof history.state?.entry !== 'string') history.replaceState({ entry: newEntry() }, '');
  batch(() => {
    entry.value = history.state.entry;
    location.value = readLocation();
  });
}

/** Changes filters and keeps the path and the other filters. An empty value removes a filter. */
export function setQuery(
  changes: Readonly<Record<string, string>>,
  options?: { readonly replace?: boolean },
): void {
  navigate(addressWith(changes), options);
}

/** The address of the same view with other filters. */
function addressWith(changes: Readonly<Record<string, string>>): string {
  const { path, query } = location.value;
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Shows what links and the buttons of the browser ask for, without loading the page again. */
export function startRouter(): void {
  // The page puts everything back to its place by itself, also what the browser can't: boxes that scroll, whose rows come later.
  history.scrollRestoration = 'manual';
  arrive();
  addEventListener('popstate', () => {
    leave();
    arrive();
  });
  document.addEventListener('click', followLink);
}

function readLocation(): Location {
  const { pathname, search } = globalThis.location;
  const path = pathname.startsWith(`${basePath}/`) ? pathname.slice(basePath.length) : pathname;
  return { path, query: new URLSearchParams(search) };
}

/** Links to the own views only. A click with a modifier opens a tab, as everywhere. */
function followLink(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('data-outside')) return;
  const url = new URL(link.href);
  if (url.origin !== globalThis.location.origin || !url.pathname.startsWith(`${basePath}/`)) return;
  event.preventDefault();
  navigate(url.pathname.slice(basePath.length) + url.search);
}
