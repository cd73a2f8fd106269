import type { ElicitResult, RequestOptions } from '@modelcontextprotocol/server';
import { answerIn } from '../forms.js';
import type { ToolSession } from '../tool.js';
import type { Delegated, OpenQuestion } from './delegated.js';
import { ignoreLateAnswer } from './wire.js';

/** Sends one form to the client. */
export type SendForm = (
  request: { readonly method: 'elicitation/create'; readonly params: Record<string, unknown> },
  options: RequestOptions,
) => Promise<ElicitResult>;

/** The name under which a message says to which task it belongs. */
export const RELATED_TASK = 'io.modelcontextprotocol/related-task';

/** A person may take long. The form is withdrawn when the question has ended otherwise. */
const FORM_TIMEOUT_MS = 86_400_000;

/** The questions of workers that one connection shows to its person. Each one is shown once. */
export class QuestionsToClient {
  readonly #shown = new Map<string, { readonly taskId: string; readonly ending: AbortController }>();
  readonly #session: ToolSession;

  constructor(session: ToolSession) {
    this.#session = session;
  }

  /** Shows the new questions of a task, and withdraws those that have been answered elsewhere. @returns the new ones. */
  show({ id: taskId, questions }: Delegated, send: SendForm): readonly string[] {
    const open = new Set(questions.map(({ id }) => id));
    for (const [id, shown] of this.#shown) if (shown.taskId === taskId && !open.has(id)) shown.ending.abort();
    const added = questions.filter(({ id }) => !this.#shown.has(id));
    for (const question of added) {
      const ending = new AbortController();
      this.#shown.set(question.id, { taskId, ending });
      // A client that fails to show a form, or to answer it, leaves the question to the people of the server.
      void this.#ask(taskId, question, (request) =>
        send(request, { signal: ending.signal, timeout: FORM_TIMEOUT_MS }),
      ).catch(() => undefined);
    }
    return added.map(({ id }) => id);
  }

  /** Withdraws forms that cannot be answered any more. They may be shown again. */
  withdraw(ids: readonly string[]): void {
    for (const id of ids) {
      this.#shown.get(id)?.ending.abort();
      this.#shown.delete(id);
    }
  }

  async #ask(
    taskId: string,
    { id, form }: OpenQuestion,
    send: (request: Parameters<SendForm>[0]) => Promise<ElicitResult>,
  ): Promise<void> {
    const params = { ...form, _meta: { [RELATED_TASK]: { taskId } } };
    const answer = answerIn(await send({ method: 'elicitation/create', params }));
    if (answer !== null) await this.#session.client.answerQuestion({ id, answer }).catch(ignoreLateAnswer);
  }
}
