import type { ServerContext } from '@modelcontextprotocol/server';
import {
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type Server,
} from '@modelcontextprotocol/server';
import * as z from 'zod';
import { AlreadyAnsweredError, RefusedError } from '../../sdk/index.js';
import { TASKS_EXTENSION, viewClient } from '../client-view.js';
import type { ToolSession } from '../tool.js';
import { toolErrorText } from '../tool-error.js';
import type { Delegated } from './delegated.js';

/** How often a client reads the state. A read is one short query. */
export const POLL_MS = 2_000;

/** The methods of tasks. */
export const taskMethods = {
  get: 'tasks/get',
  cancel: 'tasks/cancel',
  update: 'tasks/update',
  result: 'tasks/result',
};

/** The parameters of each method, and that a result may have any form. */
export const taskSchemas = {
  params: z.looseObject({ taskId: z.string() }),
  result: z.looseObject({}),
};

/** The fields of a task that both revisions have. */
export function toWireTask({ id, state, message, createdAt, updatedAt }: Delegated) {
  return {
    taskId: id,
    status: state,
    statusMessage: message,
    createdAt,
    lastUpdatedAt: updatedAt,
  };
}

/** Answers one method of tasks: the client is alive, and a refusal becomes an error of the protocol. */
export async function answering<Result>(
  { held }: ToolSession,
  answer: () => Promise<Result>,
): Promise<Result> {
  held.touch();
  try {
    return await answer();
  } catch (error) {
    throw toProtocolError(error);
  } finally {
    held.touch();
  }
}

/** What a caller has caused is an error of its parameters; anything else is one of this server. */
function toProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  const isRefusal = error instanceof RefusedError || error instanceof z.ZodError;
  const code = isRefusal ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(code, toolErrorText(error));
}

/** @throws MissingRequiredClientCapabilityError for a client that has not named the extension in this request. */
export function requireTasks(server: Server, context: ServerContext): void {
  if (viewClient(server, context).knowsTasks) return;
  const requiredCapabilities = { extensions: { [TASKS_EXTENSION]: {} } };
  throw new MissingRequiredClientCapabilityError({ requiredCapabilities });
}

/** Another answer has come first. */
export function ignoreLateAnswer(error: unknown): void {
  if (!(error instanceof AlreadyAnsweredError)) throw error;
}
