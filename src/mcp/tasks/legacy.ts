import type { Server, ServerContext } from '@modelcontextprotocol/server';
import { viewClient } from '../client-view.js';
import { answerIn } from '../forms.js';
import type { ToolSession } from '../tool.js';
import { type CallResult, type Delegated, type OpenQuestion, readDelegated } from './delegated.js';
import { ignoreLateAnswer } from './modern.js';
import { answering, POLL_MS, taskMethods, taskSchemas, toWireTask } from './wire.js';

/** A person may take long. The form is withdrawn when the question has ended otherwise. */
const FORM_TIMEOUT_MS = 86_400_000;

const RELATED_TASK = 'io.modelcontextprotocol/related-task';

/** Serves the tasks of revision 2025-11-25: `tasks/result` waits for the end, and asks the client in the meantime. */
export function serveLegacyTasks(server: Server, session: ToolSession): void {
  const { client, ending } = session;
  server.setRequestHandler(taskMethods.get, taskSchemas, ({ taskId }, { mcpReq: { signal } }) =>
    answering(session, async () => toLegacyTask(await readDelegated(client, taskId, { signal }))),
  );
  server.setRequestHandler(taskMethods.cancel, taskSchemas, ({ taskId }, { mcpReq: { signal } }) =>
    answering(session, async () => {
      await readDelegated(client, taskId, { signal });
      await client.cancelTask({ task: { id: taskId } }, { signal });
      return toLegacyTask(await readDelegated(client, taskId, { signal }));
    }),
  );
  server.setRequestHandler(taskMethods.result, taskSchemas, ({ taskId }, context) =>
    answering(session, async () => {
      const signals = [context.mcpReq.signal, ...(ending ? [ending] : [])];
      const asking = viewClient(server, context).showsForms ? new QuestionsToClient(session, context) : null;
      const result = await waitForResult(session, taskId, { signal: AbortSignal.any(signals), asking });
      return { ...result, _meta: { [RELATED_TASK]: { taskId } } };
    }),
  );
}

/** The task in the form of the revision. */
export function toLegacyTask(delegated: Delegated) {
  return { ...toWireTask(delegated), ttl: null, pollInterval: POLL_MS };
}

interface Wait {
  readonly signal: AbortSignal;
  readonly asking: QuestionsToClient | null;
}

async function waitForResult(
  { client }: ToolSession,
  taskId: string,
  { signal, asking }: Wait,
): Promise<CallResult> {
  try {
    const first = await readDelegated(client, taskId, { signal });
    if (first.result !== null) return first.result;
    for await (const _change of client.followTask({ ref: { id: taskId } }, { signal })) {
      const { result, questions } = await readDelegated(client, taskId, { signal });
      asking?.show(taskId, questions);
      if (result !== null) return result;
    }
  } finally {
    asking?.end();
  }
  throw new Error('The changes of the task have ended.');
}

/** The questions of a task while a client waits for its result. Each one is shown once. */
class QuestionsToClient {
  readonly #shown = new Map<string, AbortController>();
  readonly #session: ToolSession;
  readonly #context: ServerContext;

  constructor(session: ToolSession, context: ServerContext) {
    this.#session = session;
    this.#context = context;
  }

  /** Shows the new ones, and withdraws those that have been answered elsewhere. */
  show(taskId: string, questions: readonly OpenQuestion[]): void {
    const open = new Set(questions.map(({ id }) => id));
    for (const [id, form] of this.#shown) if (!open.has(id)) form.abort();
    for (const question of questions) {
      if (this.#shown.has(question.id)) continue;
      const shown = new AbortController();
      this.#shown.set(question.id, shown);
      // A client that fails to show a form, or to answer it, leaves the question to the people of the server.
      void this.#ask(taskId, question, shown.signal).catch(() => undefined);
    }
  }

  end(): void {
    for (const form of this.#shown.values()) form.abort();
  }

  async #ask(taskId: string, { id, form }: OpenQuestion, signal: AbortSignal): Promise<void> {
    const params = { ...form, _meta: { [RELATED_TASK]: { taskId } } };
    const response = await this.#context.mcpReq.send(
      { method: 'elicitation/create', params },
      { signal, timeout: FORM_TIMEOUT_MS },
    );
    const answer = answerIn(response);
    if (answer !== null) await this.#session.client.answerQuestion({ id, answer }).catch(ignoreLateAnswer);
  }
}
