import type { ServerContext } from '@modelcontextprotocol/server';
import type { ClientView } from './client-view.js';
import type { Form } from './forms.js';
import { MAX_WAIT_SECONDS } from './tools/waiting.js';

/**
 * Shows a form to the person at the client, and answers with what the client has sent; null if the person has not answered.
 *
 * @throws FormNeeded where the client must repeat the call with the answer.
 */
export type ShowForm = (form: Form) => Promise<unknown>;

/** The call cannot go on before the client repeats it with the answer to a form. */
export class FormNeeded extends Error {
  readonly form: Form;

  constructor(form: Form) {
    super('The call needs the answer to a form.');
    this.form = form;
  }
}

/** The name of the answer in a repeated call. */
export const FORM_KEY = 'answer';

/** A client that is told of progress does not give up the call, so the person has more time. */
const WAIT_WITH_PROGRESS_MS = 600_000;

const PROGRESS_MS = 10_000;

/** How a tool shows a form; undefined if the client shows none. */
export function showFormTo(client: ClientView, context: ServerContext): ShowForm | undefined {
  if (!client.showsForms) return undefined;
  if (!client.isModern) return (form) => showInMidCall(form, context);
  return async (form) => {
    const responses = context.mcpReq.inputResponses;
    if (responses === undefined || !(FORM_KEY in responses)) throw new FormNeeded(form);
    return responses[FORM_KEY];
  };
}

async function showInMidCall(form: Form, { mcpReq }: ServerContext): Promise<unknown> {
  const progressToken = mcpReq._meta?.progressToken;
  const hasProgress = progressToken !== undefined;
  let progress = 0;
  const report = () => {
    const params = { progressToken, progress: ++progress, message: 'Waiting for the person at the client.' };
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
  };
  const timer = hasProgress ? setInterval(report, PROGRESS_MS).unref() : undefined;
  const timeout = hasProgress ? WAIT_WITH_PROGRESS_MS : MAX_WAIT_SECONDS * 1_000;
  try {
    return await mcpReq.send(
      { method: 'elicitation/create', params: { ...form } },
      { signal: mcpReq.signal, timeout },
    );
  } catch {
    // A client that fails to show the form, or a person who takes too long: the question stays one for the server.
    mcpReq.signal.throwIfAborted();
    return null;
  } finally {
    clearInterval(timer);
  }
}
