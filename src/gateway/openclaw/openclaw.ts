import { describeDuration } from '../../kernel/durations.js';
import type { Secret } from '../../kernel/secret.js';
import { withSignal } from '../../kernel/with-signal.js';
import type { Gateway, GatewayAnswer, RecoveredAnswer } from '../gateway.js';
import { createOpenCalls } from '../open-calls.js';
import { cancelRun } from './cancel.js';
import { ConnectionLost, NotConnected } from './failures.js';
import { createOpenclawLink } from './link.js';
import { failed } from './outcome.js';
import { type Followed, followRun, type OpenclawRun } from './run.js';
import { runOf, type Sending, sendRun } from './send.js';

export interface OpenclawSettings {
  readonly url: string;
  readonly token: Secret | undefined;
  /** File of the device key, by which a gateway on another machine identifies this server. Default: none. */
  readonly devicePath?: string | null;
  /** Milliseconds added to the gateway's own time limit of a run, because its own timeout reports more details. */
  readonly graceMs?: number;
  /** How long a restarted gateway may take to resume a run, in milliseconds. */
  readonly resumeMs?: number;
}

const GRACE_MS = 60_000;
/** A gateway was observed to resume within seconds after it was ready. */
const RESUME_MS = 45_000;
/** How long a recovery tries to reach the gateway, which may have crashed together with this server. */
const RECOVERY_MS = 60_000;

const REMEDY =
  'Check OPENCLAW_GATEWAY_URL and OPENCLAW_GATEWAY_TOKEN, and that the gateway admits this server.';

/** Creates a client of the OpenClaw gateway's WebSocket protocol: one shared connection, one session per attempt. */
export function createOpenclawGateway(settings: OpenclawSettings): Gateway {
  const { url, token, devicePath = null, graceMs = GRACE_MS, resumeMs = RESUME_MS } = settings;
  const link = createOpenclawLink({ url, token: token?.reveal(), devicePath });
  const calls = createOpenCalls();
  return {
    name: 'openclaw',
    kind: 'openclaw',
    send: (call, hooks) =>
      calls.run(call.timeoutMs + graceMs, hooks, async (end) => {
        const sending: Sending = { link, resumeMs, call, hooks, end, accepted: null, run: runOf(call) };
        const followed = await inTime(sending, (signal) => sendRun(sending, signal));
        return followed.outcome === 'LOST' ? failed('its records do not show how the run ended') : followed;
      }),
    recover: (call, state, hooks) =>
      calls.run(call.timeoutMs + graceMs, hooks, (end) =>
        recoverRun({ link, resumeMs, call, hooks, end, accepted: null, run: runOf(call, state) }),
      ),
    async probe() {
      try {
        const connection = await link.connect();
        const { ok, error } = await connection.request('health', {});
        return { reachable: ok, error: ok ? null : (error?.message ?? 'It reports that it is not healthy.') };
      } catch (error) {
        if (error instanceof NotConnected && error.permanent)
          return { reachable: false, error: error.message, remedy: REMEDY };
        if (error instanceof NotConnected || error instanceof ConnectionLost)
          return { reachable: false, error: error.message };
        throw error;
      }
    },
    async close() {
      await calls.close();
      link.close();
    },
  };
}

async function recoverRun(sending: Sending): Promise<RecoveredAnswer> {
  const { link, run, end } = sending;
  try {
    await withSignal(end.signal, RECOVERY_MS, (signal) => link.reconnect(signal));
  } catch (error) {
    if (!(error instanceof NotConnected)) throw error;
    return end.isAborted() ? { outcome: 'ABORTED' } : { outcome: 'UNKNOWN' };
  }
  const followed = await inTime(sending, (signal) => followRun(sending, run, signal));
  return followed.outcome === 'LOST' ? { outcome: 'UNKNOWN' } : followed;
}

/** Does the work until it is done or ends early. In the latter case the run is cancelled at the gateway too. */
async function inTime(sending: Sending, work: (signal: AbortSignal) => Promise<Followed>): Promise<Followed> {
  const { link, call, end } = sending;
  const ended = new Promise<null>((resolve) => {
    end.signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  try {
    const followed = await Promise.race([work(end.signal), ended]);
    if (followed !== null && !end.isAborted() && !end.isTimedOut()) return followed;
  } catch (error) {
    if (!(error instanceof NotConnected)) {
      await cancelRun(link, sending.run);
      throw error;
    }
    if (!end.isAborted() && !end.isTimedOut()) return explainNotConnected(error, sending.run);
  }
  await cancelRun(link, sending.run);
  await sending.accepted;
  if (end.isAborted()) return { outcome: 'ABORTED' };
  return { outcome: 'TIMED_OUT', error: `OpenClaw: no answer within ${describeDuration(call.timeoutMs)}` };
}

function explainNotConnected(error: NotConnected, run: OpenclawRun): GatewayAnswer {
  if (error.permanent && run.bootId === null)
    return { outcome: 'BROKEN', error: error.message, remedy: REMEDY };
  if (run.bootId !== null) return { outcome: 'FAILED', error: error.message, permanent: false };
  return { outcome: 'NOT_BEGUN', error: error.message, retryAfterMs: error.retryAfterMs };
}
