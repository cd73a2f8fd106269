import type { GatewayAnswer } from '../gateway.js';
import type { OpenclawConnection } from './connection.js';
import { ConnectionLost, NotConnected } from './failures.js';
import { lookUpSession } from './history.js';
import { type OpenclawLink, rest } from './link.js';
import { readWaitAnswer } from './outcome.js';

/** A run at the gateway that stands for one attempt. */
export interface OpenclawRun {
  /** Of the attempt. The gateway's id of the run, too, as long as nobody resumes it. */
  readonly key: string;
  /** The attempt's own session. */
  readonly sessionKey: string;
  /** Another one than the key after the gateway has resumed the attempt by itself. */
  runId: string;
  /** Of the gateway's process that took it; null if we have not heard that any did. */
  bootId: string | null;
  /** Whether the gateway may have heard of it. */
  isSent: boolean;
}

/** How a run that was lost sight of ended; `LOST`: nobody can tell. */
export type Followed = GatewayAnswer | { readonly outcome: 'LOST' };

/** What it takes to follow a run. */
export interface RunSearch {
  readonly link: OpenclawLink;
  /** How long, in milliseconds, a gateway that has restarted may take to go on with what it was at. */
  readonly resumeMs: number;
}

/** How long one `agent.wait` waits at the gateway; in between the records are asked. */
const WAIT_SLICE_MS = 25_000;
const LOOK_AGAIN_MS = 500;

/**
 * Finds out how a run ends that no connection tells of any more, across lost connections and restarts of the gateway.
 * Under the boot that took it the gateway itself knows; later its records do, and a run by which it went on by itself
 * is taken for ours.
 *
 * @throws {NotConnected} if `signal` ends the search while there is no connection, or there is no hope for one.
 */
export async function followRun(
  { link, resumeMs }: RunSearch,
  run: OpenclawRun,
  signal: AbortSignal,
): Promise<Followed> {
  let idleMs = 0;
  for (;;) {
    const connection = await link.reconnect(signal);
    try {
      if (connection.bootId === run.bootId) return await waitForRun(connection, run, signal);
      const followed = await reconcile(connection, run, idleMs >= resumeMs);
      if (followed !== null) return followed;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
    if (signal.aborted) throw new NotConnected('The search for the run was ended.', false);
    await rest(LOOK_AGAIN_MS, signal);
    idleMs += LOOK_AGAIN_MS;
  }
}

/** @throws {ConnectionLost | NotConnected} */
async function waitForRun(
  connection: OpenclawConnection,
  run: OpenclawRun,
  signal: AbortSignal,
): Promise<Followed> {
  while (!signal.aborted) {
    const answer = await waitOnce(connection, run.runId, signal);
    if (answer !== null) return withRecords(connection, run, answer);
    // A run that is unknown looks like one that is still on. The records tell what ended too long ago.
    const finding = await lookUpSession(connection, run.sessionKey, run.key);
    if (finding.found === 'answer') return finding.answer;
  }
  throw new NotConnected('The search for the run was ended.', false);
}

async function waitOnce(
  connection: OpenclawConnection,
  runId: string,
  signal: AbortSignal,
): Promise<GatewayAnswer | null> {
  const exchange = connection.exchange('agent.wait', { runId, timeoutMs: WAIT_SLICE_MS });
  signal.addEventListener('abort', exchange.end, { once: true });
  try {
    return readWaitAnswer(await exchange.next());
  } finally {
    signal.removeEventListener('abort', exchange.end);
    exchange.end();
  }
}

/** `agent.wait` tells the text; what it cost stands in the records. */
async function withRecords(
  connection: OpenclawConnection,
  run: OpenclawRun,
  answer: GatewayAnswer,
): Promise<GatewayAnswer> {
  if (answer.outcome !== 'ANSWERED') return answer;
  const finding = await lookUpSession(connection, run.sessionKey, run.key);
  const recorded = finding.found === 'answer' ? finding.answer : null;
  if (recorded?.outcome !== 'ANSWERED') return answer;
  return { ...answer, usage: recorded.usage, model: recorded.model };
}

/** One look at what an earlier boot has left; null: look again. */
async function reconcile(
  connection: OpenclawConnection,
  run: OpenclawRun,
  isLate: boolean,
): Promise<Followed | null> {
  const finding = await lookUpSession(connection, run.sessionKey, run.key);
  switch (finding.found) {
    case 'answer':
      return finding.answer;
    case 'running':
      // From here on it is this boot's run, and the next look waits for it.
      run.runId = finding.runId;
      run.bootId = connection.bootId;
      return null;
    case 'interrupted':
      return { outcome: 'NOT_BEGUN', error: 'OpenClaw: it restarted before the run began', retryAfterMs: 0 };
    case 'nothing':
      if (run.bootId === null)
        return { outcome: 'NOT_BEGUN', error: 'OpenClaw: it knows of no such run', retryAfterMs: 0 };
      return isLate ? { outcome: 'LOST' } : null;
    case 'idle':
      return isLate ? { outcome: 'LOST' } : null;
  }
}
