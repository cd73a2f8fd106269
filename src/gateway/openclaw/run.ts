import type { GatewayAnswer } from '../gateway.js';
import type { OpenclawConnection } from './connection.js';
import { ConnectionLost, NotConnected } from './failures.js';
import { lookUpSession } from './history.js';
import { type OpenclawLink, rest } from './link.js';
import { readWaitAnswer } from './outcome.js';

/** A run at the gateway for one attempt. */
export interface OpenclawRun {
  /** The idempotency key of the attempt. It is also the gateway's id of the run until the gateway resumes it. */
  readonly key: string;
  /** The session of this attempt. */
  readonly sessionKey: string;
  /** Equal to the key until the gateway resumes the attempt by another run. */
  runId: string;
  /** The boot id of the gateway's process that accepted the run; null if no acceptance was received. */
  bootId: string | null;
  /** Whether the gateway may have received the run. */
  isSent: boolean;
}

/** The outcome of a run that was followed without its original request. `LOST`: the outcome is unknown. */
export type Followed = GatewayAnswer | { readonly outcome: 'LOST' };

/** What is needed to follow a run. */
export interface RunSearch {
  readonly link: OpenclawLink;
  /** How long a restarted gateway may take to resume a run, in milliseconds. */
  readonly resumeMs: number;
}

/** How long one `agent.wait` waits at the gateway. Between two waits the records are checked. */
const WAIT_SLICE_MS = 25_000;
const POLL_MS = 500;

/**
 * Finds the outcome of a run whose request was lost, across lost connections and restarts of the gateway. The process that
 * accepted the run knows it. After a restart the gateway's records show it, and a run by which the gateway resumed counts as
 * the same run.
 *
 * @throws {NotConnected} if `signal` is aborted without a connection, or if no connection can be made.
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
    await rest(POLL_MS, signal);
    idleMs += POLL_MS;
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
    // An unknown run looks like an active one. The records show runs that ended too long ago for `agent.wait`.
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
  const answers = connection.send('agent.wait', { runId, timeoutMs: WAIT_SLICE_MS });
  signal.addEventListener('abort', answers.end, { once: true });
  try {
    return readWaitAnswer(await answers.next());
  } finally {
    signal.removeEventListener('abort', answers.end);
    answers.end();
  }
}

/** Adds usage and model from the records, because `agent.wait` returns only the text. */
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

/** Reads the records of a run that an earlier process of the gateway accepted. Null: poll again. */
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
      // From now on the run belongs to this process of the gateway, and the next poll waits for it.
      run.runId = finding.runId;
      run.bootId = connection.bootId;
      return null;
    case 'interrupted':
      return { outcome: 'NOT_BEGUN', error: 'OpenClaw: it restarted before the run began', retryAfterMs: 0 };
    case 'nothing':
      if (run.bootId === null)
        return { outcome: 'NOT_BEGUN', error: 'OpenClaw: it has no such run', retryAfterMs: 0 };
      return isLate ? { outcome: 'LOST' } : null;
    case 'idle':
      return isLate ? { outcome: 'LOST' } : null;
  }
}
