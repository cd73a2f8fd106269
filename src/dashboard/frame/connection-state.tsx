import { connection } from '../data/live.js';
import { durationText } from '../parts/time.js';
import { now } from './clock.js';

/** How long the page may be offline before it says so across its whole width, in milliseconds. */
const STALE_MS = 5_000;

/** The dot in the rail, with a word. */
export function ConnectionDot() {
  const state = connection.value;
  return (
    <span class="connection" data-kind={state.kind} role="status">
      <i aria-hidden="true" />
      <span>{textOf()}</span>
    </span>
  );
}

function textOf(): string {
  const state = connection.value;
  if (state.kind === 'live') return 'live';
  if (state.kind === 'catching-up') return `catching up ${state.left.toLocaleString('en')}`;
  if (state.kind === 'offline') return `offline since ${durationText(now.value - state.since)}`;
  return 'connecting';
}

/** Says across the whole page how old it is, or how much it still has to catch up. */
export function StaleBar() {
  const state = connection.value;
  if (state.kind === 'catching-up')
    return (
      <div class="stale" data-kind="catching-up" role="status">
        Catching up: {state.left.toLocaleString('en')} events left.
      </div>
    );
  if (state.kind !== 'offline' || now.value - state.since < STALE_MS) return null;
  return (
    <div class="stale" data-kind="offline" role="status">
      The server does not answer. This page shows what was known {durationText(now.value - state.since)} ago.
      It reconnects by itself.
    </div>
  );
}
