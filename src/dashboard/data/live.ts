import { signal } from '@preact/signals';
import { type Client, type LogEvent, type StreamNotice, UnauthenticatedError } from '../../sdk/index.js';
import { readTime } from '../frame/clock.js';
import { messageOf, signOut } from './session.js';

/** How fresh the page is. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'catching-up'; readonly left: number }
  | { readonly kind: 'offline'; readonly since: number };

/** Receives events in groups, in the order of the log. */
export type EventListener = (events: readonly LogEvent[]) => void;

/** After more missed events than this it is faster to read again what is shown than to follow each of them. */
const MAX_REPLAY = 5_000;

/** How fresh the page is. */
export const connection = signal<Connection>({ kind: 'connecting' });
/** Rises when events were skipped, so that what is shown has to be read again. */
export const generation = signal(0);

const listeners = new Set<EventListener>();
let waiting: LogEvent[] = [];
let isScheduled = false;

/** Calls the listener with every event from now on. Returns the function that stops it. */
export function onEvents(listener: EventListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls the function each time the page is live again after it was not. Returns the function that stops it. */
export function onceLive(listener: () => void): () => void {
  let wasLive = connection.peek().kind === 'live';
  return connection.subscribe(({ kind }) => {
    const isLive = kind === 'live';
    if (isLive && !wasLive) listener();
    wasLive = isLive;
  });
}

/**
 * Follows the log for as long as the session lasts: one subscription for all views, over one socket. It resumes from the
 * last cursor after sleep, a lost network or a restart of the server.
 */
export async function follow(client: Client, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      const expired = await followUntilTooFar(client, signal);
      if (expired) generation.value += 1;
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof UnauthenticatedError) signOut('The key was revoked or has expired.');
    else signOut(`The server ended the session: ${messageOf(error)}`);
  }
}

/** Follows the log until more was missed than is worth following. */
async function followUntilTooFar(client: Client, signal: AbortSignal): Promise<boolean> {
  for await (const item of client.followEvents({ signal })) {
    if (!isNotice(item)) take(item);
    else if (item.type === 'stream.connected') {
      if (item.behind > MAX_REPLAY) return true;
      connection.value = item.behind > 0 ? { kind: 'catching-up', left: item.behind } : { kind: 'live' };
    } else if (item.type === 'stream.cursor_expired') generation.value += 1;
    else goOffline();
  }
  return true;
}

function isNotice(item: LogEvent | StreamNotice): item is StreamNotice {
  return item.type.startsWith('stream.');
}

function goOffline(): void {
  if (connection.value.kind !== 'offline') connection.value = { kind: 'offline', since: readTime() };
}

/** Events that arrive together are handled together: the views are drawn once for all of them. */
function take(event: LogEvent): void {
  waiting.push(event);
  if (isScheduled) return;
  isScheduled = true;
  setTimeout(() => {
    isScheduled = false;
    const events = waiting;
    waiting = [];
    countDown(events.length);
    for (const listener of listeners) listener(events);
  });
}

function countDown(handled: number): void {
  if (connection.value.kind !== 'catching-up') return;
  const left = connection.value.left - handled;
  connection.value = left > 0 ? { kind: 'catching-up', left } : { kind: 'live' };
}
