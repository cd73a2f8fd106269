import { MissionControlError } from '../errors/base.js';
import { type AnswerError, ConnectionError } from '../errors/request-errors.js';
import { toRequestError } from '../errors/to-request-error.js';
import { toFailure } from '../http/execute.js';
import type { HttpResponse } from '../http/fetch.js';
import { type Sender, toRequest, toUnreached } from '../http/send.js';
import { unlessAborted } from '../platform.js';
import { readMessages, type SseMessage } from './sse-messages.js';
import { SILENCE_MS, type Sink, type Subscribe } from './transport.js';

interface Result {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly AnswerError[];
}

/** Subscriptions as server-sent events, each over a connection of its own, for places without WebSocket. */
export function subscribeOverSse(sender: Sender): Subscribe {
  return (operation, sink) => {
    let isOver = false;
    const connection = new AbortController();
    read(sender, operation, sink, connection).then(
      () => isOver || sink.end(null),
      (error: unknown) => isOver || sink.end(error),
    );
    return () => {
      isOver = true;
      connection.abort();
    };
  };
}

/** Resolves when the server completes the subscription. */
async function read(
  sender: Sender,
  operation: object,
  sink: Sink,
  connection: AbortController,
): Promise<void> {
  const silence = watchSilence(connection);
  try {
    const response = await open(sender, operation, connection.signal);
    if (!response.body) throw new ConnectionError(`${sender.endpoint} answered without a body.`);
    for await (const message of readMessages(response.body, silence.heard, connection.signal)) {
      if (message.event === 'complete') return;
      deliver(message, sink);
    }
    connection.signal.throwIfAborted();
    throw new ConnectionError(`${sender.endpoint} broke the event stream off.`);
  } catch (cause) {
    if (cause instanceof MissionControlError) throw cause;
    throw toUnreached(sender, cause);
  } finally {
    silence.end();
  }
}

async function open(sender: Sender, operation: object, signal: AbortSignal): Promise<HttpResponse> {
  const headers = { ...sender.headers, accept: 'text/event-stream' };
  const request = sender.fetch(sender.endpoint, toRequest({ ...sender, headers }, operation, signal));
  // Node 20's fetch may miss an abort after a garbage collection.
  const response = await unlessAborted(request, signal).catch((error: unknown) => {
    request.then(({ body }) => body?.cancel()).catch(() => undefined);
    throw error;
  });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (response.ok && isStream) return response;
  throw toFailure(sender, response, errorsIn(await response.text()));
}

/** A refusal is JSON, or, where the server has begun the stream, the one message of it. */
function errorsIn(text: string): readonly AnswerError[] {
  const json = /^data: ?(\{.*)$/m.exec(text)?.[1] ?? text;
  try {
    return (JSON.parse(json) as Result).errors ?? [];
  } catch {
    return [];
  }
}

function deliver({ data }: SseMessage, sink: Sink): void {
  const result = JSON.parse(data) as Result;
  if (!result.data || result.errors?.length)
    throw toRequestError({ errors: result.errors ?? [], status: null, retryAfterMs: null });
  sink.next(result.data);
}

/** Breaks a connection off on which nothing has arrived for too long: the server sends a comment more often than that. */
function watchSilence(connection: AbortController) {
  const abort = () =>
    connection.abort(new ConnectionError(`The event stream was silent for ${SILENCE_MS} ms.`));
  let timer = setTimeout(abort, SILENCE_MS);
  return {
    heard: () => {
      clearTimeout(timer);
      timer = setTimeout(abort, SILENCE_MS);
    },
    end: () => clearTimeout(timer),
  };
}
