import { z } from 'zod';
import { readFinishReason } from '../finish-reason.js';
import type { GatewayAnswer } from '../gateway.js';
import type { OpenclawConnection } from './connection.js';
import { answeredWith, explainCutOff, failed, nameOfModel } from './outcome.js';

/** What the gateway's durable records contain about a session. */
export type Finding =
  | { readonly found: 'answer'; readonly answer: GatewayAnswer }
  /** A run is active: the original one, or one by which the gateway resumed it. */
  | { readonly found: 'running'; readonly runId: string }
  /** The input was received, but its turn did not begin and never will. */
  | { readonly found: 'interrupted' }
  /** The input was received, and no run is active at the moment. */
  | { readonly found: 'idle' }
  | { readonly found: 'nothing' };

const messageShape = z.object({
  role: z.string(),
  content: z.unknown().optional(),
  idempotencyKey: z.string().optional(),
  stopReason: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
  usage: z.unknown().optional(),
});

const historyShape = z.object({
  messages: z.array(messageShape).default([]),
  inFlightRun: z.object({ runId: z.string() }).nullish().catch(null),
  pendingInputs: z
    .object({ items: z.array(z.object({ runId: z.string(), state: z.string().optional() })).default([]) })
    .nullish()
    .catch(null),
});

const tasksShape = z.object({
  tasks: z.array(z.object({ runId: z.string().optional(), status: z.string() })).default([]),
});

/** Enough for a turn of many tools. */
const HISTORY_LIMIT = 200;

/** Looks up the state of the input with this key. @throws {ConnectionLost} */
export async function lookUpSession(
  connection: OpenclawConnection,
  sessionKey: string,
  key: string,
): Promise<Finding> {
  const history = await connection.request('chat.history', { sessionKey, limit: HISTORY_LIMIT });
  const { messages, inFlightRun, pendingInputs } = historyShape.safeParse(history.payload).data ?? {
    messages: [],
  };
  if (inFlightRun) return { found: 'running', runId: inFlightRun.runId };
  const running = await findRunningTask(connection, sessionKey);
  if (running !== null) return { found: 'running', runId: running };
  const answer = findAnswer(messages, key);
  if (answer !== null) return { found: 'answer', answer };
  const pending = pendingInputs?.items.find(({ runId }) => runId === key);
  const isBegun = messages.some((message) => message.idempotencyKey === `${key}:user`);
  if (pending?.state === 'interrupted' && !isBegun) return { found: 'interrupted' };
  return { found: isBegun || pending !== undefined ? 'idle' : 'nothing' };
}

/**
 * Finds the last assistant message after the input. The session belongs to this attempt alone, so the message answers the input
 * even if it came from another run, by which the gateway resumed after a restart.
 */
function findAnswer(messages: readonly z.output<typeof messageShape>[], key: string): GatewayAnswer | null {
  const asked = messages.findIndex((message) => message.idempotencyKey === `${key}:user`);
  if (asked < 0) return null;
  const last = messages.slice(asked + 1).findLast(({ role }) => role === 'assistant');
  const finish = readFinishReason(last?.stopReason);
  // A message that asks for a tool is followed by another one.
  if (last === undefined || finish === null || finish === 'TOOLS') return null;
  if (last.stopReason === 'error') return failed('the run failed');
  const output = textOf(last.content);
  return (
    explainCutOff(last.stopReason, output === '' ? {} : { output }) ??
    answeredWith(output, last.usage, nameOfModel(last.provider, last.model))
  );
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts =
    z.array(z.object({ type: z.string(), text: z.string().optional() })).safeParse(content).data ?? [];
  return parts
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text ?? '')
    .join('');
}

async function findRunningTask(connection: OpenclawConnection, sessionKey: string): Promise<string | null> {
  const { payload } = await connection.request('tasks.list', { sessionKey });
  const tasks = tasksShape.safeParse(payload).data?.tasks ?? [];
  const running = tasks.find(({ status }) => status === 'running' || status === 'queued');
  return running?.runId ?? null;
}
