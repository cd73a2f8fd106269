import { z } from 'zod';
import type { GatewayAnswer } from '../gateway.js';
import type { OpenclawConnection } from './connection.js';
import { answeredWith, failed, nameOfModel } from './outcome.js';

/** What the gateway's durable records say of a session of ours. */
export type Finding =
  | { readonly found: 'answer'; readonly answer: GatewayAnswer }
  /** A run is on, ours or one by which the gateway resumed ours. */
  | { readonly found: 'running'; readonly runId: string }
  /** Our input came in and its turn never began, and never will. */
  | { readonly found: 'interrupted' }
  /** Our input is there, and nobody is at work on it at the moment. */
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

/** Looks up what became of the input with this key. @throws {ConnectionLost} */
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
 * The last word after our input. The session is the attempt's own, so it answers our input also where another run, by
 * which the gateway went on after a restart, has said it.
 */
function findAnswer(messages: readonly z.output<typeof messageShape>[], key: string): GatewayAnswer | null {
  const asked = messages.findIndex((message) => message.idempotencyKey === `${key}:user`);
  if (asked < 0) return null;
  const last = messages.slice(asked + 1).findLast(({ role }) => role === 'assistant');
  if (last?.stopReason === 'stop')
    return answeredWith(textOf(last.content), last.usage, nameOfModel(last.provider, last.model));
  return last?.stopReason === 'error' ? failed('the run failed') : null;
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
