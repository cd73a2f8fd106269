import type { GatewayCall, GatewayHooks, GatewayState } from '../gateway.js';
import type { CallEnd } from '../open-calls.js';
import type { Answers, OpenclawConnection } from './connection.js';
import { ConnectionLost, NotConnected } from './failures.js';
import { lookUpSession } from './history.js';
import { readAgentAnswer } from './outcome.js';
import { type Followed, followRun, type OpenclawRun, type RunSearch } from './run.js';

/** A call that is being sent. */
export interface Sending extends RunSearch {
  readonly call: GatewayCall;
  readonly hooks: GatewayHooks;
  readonly end: CallEnd;
  run: OpenclawRun;
  /** The pending record of the acceptance; null until the gateway accepts the run. */
  accepted: Promise<void> | null;
}

/** The run of a call. `state` was recorded at its acceptance. Keys are in lower case, because the gateway lowers session keys. */
export function runOf(call: GatewayCall, state: GatewayState | null = null): OpenclawRun {
  const key = textIn(state, 'key') ?? call.idempotencyKey.toLowerCase();
  return {
    key,
    sessionKey: textIn(state, 'sessionKey') ?? `agent:${agentIdOf(call)}:task:${key}`,
    runId: textIn(state, 'runId') ?? key,
    bootId: textIn(state, 'bootId'),
    isSent: state !== null,
  };
}

function textIn(state: GatewayState | null, name: string): string | null {
  const value = state?.[name];
  return typeof value === 'string' ? value : null;
}

function agentIdOf({ gatewayAgentId, agentName }: GatewayCall): string {
  return (gatewayAgentId ?? agentName).toLowerCase();
}

/**
 * Sends the call and waits for its outcome. A call is sent again only if no acceptance was received, and only to the same
 * process of the gateway, which knows the key. After a restart of the gateway it could be a second attempt at the same work.
 *
 * @throws {NotConnected} and the error of recording the acceptance.
 */
export async function sendRun(sending: Sending, signal: AbortSignal): Promise<Followed> {
  let connection = await sending.link.connect();
  for (;;) {
    const sentTo = connection.bootId;
    try {
      const followed = await sendOnce(sending, connection, signal);
      if (followed !== 'again') return followed;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (sending.run.bootId !== null) return followRun(sending, sending.run, signal);
    }
    connection = await sending.link.reconnect(signal);
    if (connection.bootId !== sentTo) return followRun(sending, sending.run, signal);
  }
}

async function sendOnce(
  sending: Sending,
  connection: OpenclawConnection,
  signal: AbortSignal,
): Promise<Followed | 'again'> {
  if (signal.aborted) throw new NotConnected('The call is over.', false);
  const params = paramsOf(sending, connection);
  if (Buffer.byteLength(JSON.stringify(params)) > connection.maxPayload - 1_024)
    return { outcome: 'FAILED', error: 'OpenClaw: the prompt is too long', permanent: true };
  const stopWatching = watchStart(sending);
  sending.run.isSent = true;
  const answers = connection.send('agent', params);
  signal.addEventListener('abort', answers.end, { once: true });
  try {
    return await readAnswers(sending, connection, answers, signal);
  } finally {
    signal.removeEventListener('abort', answers.end);
    answers.end();
    stopWatching();
  }
}

function paramsOf({ call, run }: Sending, { canChooseModel }: OpenclawConnection): object {
  return {
    message: call.prompt,
    agentId: agentIdOf(call),
    sessionKey: run.sessionKey,
    idempotencyKey: run.key,
    deliver: false,
    // Without a timeout the gateway lets a run continue for two days.
    timeout: Math.max(1, Math.ceil(call.timeoutMs / 1_000)),
    ...(call.model !== null && canChooseModel && { model: call.model }),
    ...(call.soul !== null && { extraSystemPrompt: call.soul }),
  };
}

/** The first answer is only an acknowledgement. The result is another answer to the same request. */
async function readAnswers(
  sending: Sending,
  connection: OpenclawConnection,
  answers: Answers,
  signal: AbortSignal,
): Promise<Followed | 'again'> {
  for (;;) {
    const frame = await answers.next();
    const read = readAgentAnswer(frame, sending.run.bootId !== null);
    if (frame.ok) await accept(sending, connection);
    if (read.state === 'in_flight') return followRun(sending, sending.run, signal);
    if (read.state === 'accepted') continue;
    if (!frame.ok && sending.run.bootId === null && (await isSpent(sending, connection))) {
      sending.run = successorOf(sending);
      return 'again';
    }
    return read.answer;
  }
}

async function accept(sending: Sending, { bootId }: OpenclawConnection): Promise<void> {
  const { run, hooks } = sending;
  run.bootId = bootId;
  const { key, sessionKey, runId } = run;
  sending.accepted ??= hooks.onAccepted({ gatewayRunId: runId, state: { bootId, key, sessionKey, runId } });
  await sending.accepted;
}

/** Whether the gateway has recorded this key for an input whose turn never began and never will. */
async function isSpent({ run }: Sending, connection: OpenclawConnection): Promise<boolean> {
  return (await lookUpSession(connection, run.sessionKey, run.key)).found === 'interrupted';
}

/** The run of the same attempt under another key, which is derived from the spent one. */
function successorOf({ call, run }: Sending): OpenclawRun {
  const [, base = run.key, count = '0'] = /^(.*?)(?:-r(\d+))?$/.exec(run.key) ?? [];
  const key = `${base}-r${Number(count) + 1}`;
  return { ...runOf(call), key, runId: key, sessionKey: `agent:${agentIdOf(call)}:task:${key}` };
}

/** Restarts the timeout when the work begins: the gateway does not count the time in its queue either. */
function watchStart({ link, run, end }: Sending): () => void {
  return link.onEvent(({ event, payload }) => {
    if (event !== 'agent' || payload.runId !== run.runId || payload.stream !== 'lifecycle') return;
    const { data } = payload;
    if (typeof data === 'object' && data !== null && 'phase' in data && data.phase === 'start') end.restart();
  });
}
