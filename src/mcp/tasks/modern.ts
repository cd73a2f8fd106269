import type { Server, ServerContext } from '@modelcontextprotocol/server';
import { InvalidTransitionError } from '../../sdk/index.js';
import { viewClient } from '../client-view.js';
import { answerIn } from '../forms.js';
import type { ToolSession } from '../tool.js';
import { type Delegated, readDelegated } from './delegated.js';
import {
  answering,
  ignoreLateAnswer,
  POLL_MS,
  requireTasks,
  taskMethods,
  taskSchemas,
  toWireTask,
} from './wire.js';

/** Serves the tasks extension of revision 2026-07-28: the client polls, and sends the answers to the worker's questions. */
export function serveTasksExtension(server: Server, session: ToolSession): void {
  const serve = (
    method: string,
    answer: (taskId: string, context: ServerContext) => Promise<Record<string, unknown>>,
  ) =>
    server.setRequestHandler(method, taskSchemas, ({ taskId }, context) => {
      requireTasks(server, context);
      return answering(session, () => answer(taskId, context));
    });
  const read = (taskId: string, { mcpReq: { signal } }: ServerContext) =>
    readDelegated(session.client, taskId, { signal });

  serve(taskMethods.get, async (taskId, context) =>
    toDetailed(await read(taskId, context), viewClient(server, context).showsForms),
  );
  serve(taskMethods.update, async (taskId, context) => {
    await answerQuestions(session, await read(taskId, context), context);
    return {};
  });
  serve(taskMethods.cancel, async (taskId, context) => {
    await read(taskId, context);
    const { signal } = context.mcpReq;
    await session.client.cancelTask({ task: { id: taskId } }, { signal }).catch(ignoreLateCancel);
    return {};
  });
}

/** A client may cancel what has just ended: it learns the state with its next poll. */
function ignoreLateCancel(error: unknown): void {
  if (!(error instanceof InvalidTransitionError)) throw error;
}

/** The task in the form of the extension, without a result. */
export function toModernTask(delegated: Delegated) {
  return { ...toWireTask(delegated), ttlMs: null, pollIntervalMs: POLL_MS };
}

function toDetailed(delegated: Delegated, showsForms: boolean) {
  const task = toModernTask(delegated);
  const { state, questions, result } = delegated;
  if (state === 'input_required') return { ...task, inputRequests: showsForms ? toRequests(questions) : {} };
  // A failed task has a result like a failed tool: the extension keeps `failed` for errors of the protocol.
  if (state === 'completed' || state === 'failed')
    return { ...task, status: 'completed', result: { resultType: 'complete', ...result } };
  return task;
}

function toRequests(questions: Delegated['questions']) {
  return Object.fromEntries(
    questions.map(({ id, form }) => [
      id,
      { method: 'elicitation/create', params: { mode: 'form', ...form } },
    ]),
  );
}

/** A person who declines leaves the question to the people of the server, and the first answer of all wins. */
async function answerQuestions(
  { client }: ToolSession,
  { questions }: Delegated,
  { mcpReq: { inputResponses, signal } }: ServerContext,
): Promise<void> {
  for (const { id } of questions) {
    const answer = answerIn(inputResponses?.[id]);
    if (answer !== null) await client.answerQuestion({ id, answer }, { signal }).catch(ignoreLateAnswer);
  }
}
