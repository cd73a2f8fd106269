import type { Client } from '../../sdk/index.js';
import type { Look } from '../../verbs/looks/look.js';
import { createActions } from './actions.js';
import { drawFrame } from './frame.js';
import { pressKey } from './keys.js';
import { coalesced, readPanes } from './reader.js';
import { openScreen } from './screen.js';
import { emptyState, selectedTask, type TopState } from './state.js';

/** The lists are read at most this often, in milliseconds. */
const READ_PAUSE_MS = 250;
/** How often the ages on the screen are drawn again, without a request. */
const AGES_MS = 10_000;
const EVENTS_KEPT = 100;

/** Shows the live picture until the user leaves or the signal is aborted. Events lead to reading; nothing is polled. */
export async function runTop(client: Client, look: () => Look, outer: AbortSignal): Promise<void> {
  const leaving = new AbortController();
  const leave = () => leaving.abort();
  const { signal } = leaving;
  const actions = createActions(client, look);
  let state: TopState = emptyState;
  const screen = openScreen({
    resize: () => change({}),
    key: (key) => {
      const outcome = pressKey(state, key, actions);
      const isFiltered = outcome.state.filter !== state.filter;
      change(outcome.state);
      if (isFiltered) read();
      if (outcome.isQuit) leave();
      if (outcome.action) void outcome.action(state).then(change);
    },
  });
  function change(changes: Partial<TopState>): void {
    state = { ...state, ...changes };
    // A task that comes to the top of the list must not get the key that was meant for the one before.
    state = { ...state, selected: selectedTask(state)?.id ?? null };
    if (!signal.aborted) screen.show(drawFrame(state, look(), screen.size()));
  }
  let failure: unknown;
  const fail = (error: unknown) => {
    if (!signal.aborted) failure = error;
    leave();
  };
  const read = coalesced(() => readPanes(client, signal, state.filter).then(change, fail), READ_PAUSE_MS);
  const ages = setInterval(() => change({}), AGES_MS);
  outer.addEventListener('abort', leave, { once: true });
  if (outer.aborted) leave();
  try {
    change({});
    read();
    await follow(client, signal, (changes) => {
      change(changes(state));
      read();
    });
  } catch (error) {
    fail(error);
  } finally {
    clearInterval(ages);
    outer.removeEventListener('abort', leave);
    screen.close();
  }
  if (failure !== undefined) throw failure;
}

async function follow(
  client: Client,
  signal: AbortSignal,
  onChange: (changes: (state: TopState) => Partial<TopState>) => void,
): Promise<void> {
  const { nodes } = await client.lastEvents({ last: EVENTS_KEPT }, { signal });
  onChange(() => ({ events: nodes }));
  for await (const event of client.followEvents({ after: nodes.at(-1)?.cursor, signal })) {
    if ('at' in event) onChange(({ events }) => ({ events: [...events, event].slice(-EVENTS_KEPT) }));
    else onChange(() => ({ isConnected: event.type === 'stream.connected' }));
  }
}
