import { type AnswerError, ConnectionError, toRequestError } from '../errors/request-errors.js';
import { readRetryAfter } from '../http/retry-after.js';
import type { Sender } from '../http/send.js';
import { readMessages, type SseMessage } from './sse-messages.js';
import { SILENCE_MS, type Sink, type Subscribe } from './transport.js';

interface Result {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly AnswerError[];
}

/** Subscriptions as server-sent events, each over a connection of its own, for places without WebSocket. */
export function subscribeOverSse(sender: Sender): Subscribe {
  return (operation, sink) => {
    const stop = new AbortController();
    const isOver = () => stop.signal.aborted;
    read(sender, operation, sink, stop).then(
      () => isOver() || sink.end(null),
      (error: unknown) => isOver() || sink.end(error),
    );
    return () => stop.abort();
  };
}

async function read(sender: Sender, operation: object, sink: Sink, stop: AbortController): Promise<void> {
  const silence = watchSilence(stop.signal);
  try {
    const response = await open(sender, operation, silence.signal);
    if (!response.body) throw new ConnectionError(`${sender.endpoint} answered without a body.`);
    for await (const message of readMessages(response.body, silence.heard)) {
      if (message.event === 'complete') return;
      deliver(message, sink);
      if (stop.signal.aborted) return;
    }
    throw new ConnectionError(`${sender.endpoint} broke the event stream off.`);
  } finally {
    silence.stop();
  }
}

async function open(sender: Sender, operation: object, signal: AbortSignal): Promise<Response> {
  const response = await sender
    .fetch(sender.endpoint, {
      method: 'POST',
      headers: { ...sender.headers, accept: 'text/event-stream' },
      body: JSON.stringify(operation),
      signal,
      redirect: 'error',
    })
    .catch((cause: unknown) => {
      throw new ConnectionError(`${sender.endpoint} cannot be reached.`, { cause });
    });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (response.ok && isStream) return response;
  throw await toFailure(response);
}

async function toFailure(response: Response): Promise<Error> {
  const text = await response.text();
  const { status, headers } = response;
  const errors = errorsIn(text);
  return toRequestError({ errors, status, retryAfterMs: readRetryAfter(headers) });
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

/** Aborts when nothing has arrived for too long: the server sends a comment more often than that. */
function watchSilence(stop: AbortSignal) {
  const tooLong = new AbortController();
  const abort = () => tooLong.abort(new ConnectionError('The event stream fell silent.'));
  let timer = setTimeout(abort, SILENCE_MS);
  return {
    signal: AbortSignal.any([stop, tooLong.signal]),
    heard: () => {
      clearTimeout(timer);
      timer = setTimeout(abort, SILENCE_MS);
    },
    stop: () => clearTimeout(timer),
  };
}
