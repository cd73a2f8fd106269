import { ProtocolError, ProtocolErrorCode, type Result } from '@modelcontextprotocol/server';
import { isRecord } from '../../verbs/coerce.js';
import type { ClientView } from '../client-view.js';
import type { Tool, ToolCallOptions, ToolSession } from '../tool.js';
import { readDelegated } from './delegated.js';
import { toLegacyTask } from './legacy.js';
import { toModernTask } from './modern.js';
import { answering } from './wire.js';

/** What a host may give the model at once, instead of waiting for the task. */
const IMMEDIATE_RESPONSE = 'io.modelcontextprotocol/model-immediate-response';

/**
 * Whether a call becomes a task of the protocol: a client of 2025-11-25 asks for it, one of 2026-07-28 names the extension.
 *
 * @param asksForTask - whether the parameters of the call have `task`.
 * @throws ProtocolError if the client asks for a task of a tool that is none.
 */
export function becomesTask(tool: Tool, client: ClientView, asksForTask: boolean): boolean {
  if (client.isModern) return tool.startsTask === true && client.knowsTasks;
  if (asksForTask && tool.startsTask !== true)
    throw new ProtocolError(
      ProtocolErrorCode.MethodNotFound,
      `The tool ${tool.name} does not run as a task.`,
    );
  return asksForTask;
}

/** Calls the tool, and answers with the task that it has created. The task exists before the client gets its id. */
export function startTask(
  tool: Tool,
  session: ToolSession,
  call: ToolCallOptions & { readonly given: Record<string, unknown>; readonly client: ClientView },
): Promise<Result> {
  return answering(session, async () => {
    const { task } = await tool.call(session, call.given, call);
    const id = isRecord(task) ? String(task.id) : '';
    const delegated = await readDelegated(session.client, id, call);
    if (call.client.isModern) return { resultType: 'task', ...toModernTask(delegated) };
    const next = `${delegated.ref} is created. Its result comes when an agent has done it.`;
    return { task: toLegacyTask(delegated), _meta: { [IMMEDIATE_RESPONSE]: next } };
  });
}
