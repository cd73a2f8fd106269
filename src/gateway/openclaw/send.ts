import type { GatewayCall, GatewayHooks, GatewayState } from '../gateway.js';
import type { CallEnd } from '../open-calls.js';
import type { Exchange, OpenclawConnection } from './connection.js';
import { ConnectionLost, NotConnected } from './failures.js';
import { lookUpSession } from './history.js';
import { readAgentAnswer } from './outcome.js';
import { type Followed, followRun, type OpenclawRun, type RunSearch } from './run.js';

/** A call on its way. */
export interface Sending extends RunSearch {
  readonly call: GatewayCall;
  readonly hooks: GatewayHooks;
  readonly end: CallEnd;
  run: OpenclawRun;
  /** The record of the acceptance, once there is something to record. */
  accepted: Promise<void> | null;
}

/** The run that stands for a call; `state` is what its acceptance has told. The gateway writes session keys in lower case. */
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
 * Sends the call and waits for how it ends. Sent again is only what no acceptance has come for, and only to the same
 * boot of the gateway, which knows the key: to a later boot it could be a second go at the same work.
 *
 * @throws {NotConnected} and whatever the record of the acceptance throws.
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
    return { outcome: 'FAILED', error: 'OpenClaw: the prompt is too long for it', permanent: true };
  const stopWatching = watchStart(sending);
  sending.run.isSent = true;
  const exchange = connection.exchange('agent', params);
  signal.addEventListener('abort', exchange.end, { once: true });
  try {
    return await takeAnswers(sending, connection, exchange, signal);
  } finally {
    signal.removeEventListener('abort', exchange.end);
    exchange.end();
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
    // Without one the gateway lets a run go on for two days, whoever asked for it.
    timeout: Math.max(1, Math.ceil(call.timeoutMs / 1_000)),
    ...(call.model !== null && canChooseModel && { model: call.model }),
    ...(call.soul !== null && { extraSystemPrompt: call.soul }),
  };
}

/** The first answer is an acknowledgement and no result; the result comes under the same request. */
async function takeAnswers(
  sending: Sending,
  connection: OpenclawConnection,
  exchange: Exchange,
  signal: AbortSignal,
): Promise<Followed | 'again'> {
  for (;;) {
    const frame = await exchange.next();
    const news = readAgentAnswer(frame, sending.run.bootId !== null);
    if (frame.ok) await accept(sending, connection);
    if (news.news === 'elsewhere') return followRun(sending, sending.run, signal);
    if (news.news === 'accepted') continue;
    if (!frame.ok && sending.run.bootId === null && (await isSpent(sending, connection))) {
      sending.run = successorOf(sending);
      return 'again';
    }
    return news.answer;
  }
}

async function accept(sending: Sending, { bootId }: OpenclawConnection): Promise<void> {
  const { run, hooks } = sending;
  run.bootId = bootId;
  const { key, sessionKey, runId } = run;
  sending.accepted ??= hooks.onAccepted({ gatewayRunId: runId, state: { bootId, key, sessionKey, runId } });
  await sending.accepted;
}

/** Whether the gateway has this key down for an input whose turn it never began, and never will. */
async function isSpent({ run }: Sending, connection: OpenclawConnection): Promise<boolean> {
  return (await lookUpSession(connection, run.sessionKey, run.key)).found === 'interrupted';
}

/** The same attempt under a further key, which follows from the spent one. */
function successorOf({ call, run }: Sending): OpenclawRun {
  const [, base = run.key, count = '0'] = /^(.*?)(?:-r(\d+))?$/.exec(run.key) ?? [];
  const key = `${base}-r${Number(count) + 1}`;
  return { ...runOf(call), key, runId: key, sessionKey: `agent:${agentIdOf(call)}:task:${key}` };
}

/** The time of a run begins with its work: the gateway does not count the time in its queue either. */
function watchStart({ link, run, end }: Sending): () => void {
  return link.onEvent(({ event, payload }) => {
    if (event !== 'agent' || payload.runId !== run.runId || payload.stream !== 'lifecycle') return;
    const { data } = payload;
    if (typeof data === 'object' && data !== null && 'phase' in data && data.phase === 'start') end.restart();
  });
}
