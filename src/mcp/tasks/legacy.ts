import type { Server, ServerContext } from '@modelcontextprotocol/server';
import { viewClient } from '../client-view.js';
import { type ToolSession, untilEnding } from '../tool.js';
import { type CallResult, type Delegated, readDelegated } from './delegated.js';
import { QuestionsToClient, RELATED_TASK, type SendForm } from './questions-to-client.js';
import { answering, POLL_MS, taskMethods, taskSchemas, toWireTask } from './wire.js';

/**
 * Serves the tasks of revision 2025-11-25. `tasks/result` waits for the end and asks the client in the meantime. A client that
 * only polls is asked over its connection.
 */
export function serveLegacyTasks(server: Server, session: ToolSession): void {
  const { client } = session;
  const asking = new QuestionsToClient(session);
  const serve = (method: string, answer: (taskId: string, context: ServerContext) => Promise<object>) =>
    server.setRequestHandler(method, taskSchemas, ({ taskId }, context) =>
      answering(session, async () => ({ ...(await answer(taskId, context)) })),
    );

  serve(taskMethods.get, async (taskId, context) => {
    const found = await readDelegated(client, taskId, context.mcpReq);
    if (session.reachesClient?.() && viewClient(server, context).showsForms)
      asking.show(found, (request, options) => server.request(request, options));
    return toLegacyTask(found);
  });
  serve(taskMethods.cancel, async (taskId, { mcpReq: { signal } }) => {
    await readDelegated(client, taskId, { signal });
    await client.cancelTask({ task: { id: taskId } }, { signal });
    return toLegacyTask(await readDelegated(client, taskId, { signal }));
  });
  serve(taskMethods.result, async (taskId, context) => {
    const showsForms = viewClient(server, context).showsForms;
    const send: SendForm | null = showsForms
      ? (request, options) => context.mcpReq.send(request, options)
      : null;
    const result = await untilEnding(context, session, (signal) =>
      waitForResult(session, taskId, { signal, asking, send }),
    );
    return { ...result, _meta: { [RELATED_TASK]: { taskId } } };
  });
}

/** The task in the form of the revision. */
export function toLegacyTask(delegated: Delegated) {
  return { ...toWireTask(delegated), ttl: null, pollInterval: POLL_MS };
}

interface Wait {
  readonly signal: AbortSignal;
  readonly asking: QuestionsToClient;
  readonly send: SendForm | null;
}

async function waitForResult(
  { client }: ToolSession,
  taskId: string,
  { signal, asking, send }: Wait,
): Promise<CallResult> {
  const shown: string[] = [];
  try {
    const first = await readDelegated(client, taskId, { signal });
    if (first.result !== null) return first.result;
    for await (const _change of client.followTask({ ref: { id: taskId } }, { signal })) {
      const found = await readDelegated(client, taskId, { signal });
      if (send !== null) shown.push(...asking.show(found, send));
      if (found.result !== null) return found.result;
    }
  } finally {
    asking.withdraw(shown);
  }
  throw new Error('The changes of the task have ended.');
}
