/** One message of an event stream. */
export interface SseMessage {
  readonly event: string;
  readonly data: string;
}

/**
 * The messages of an event stream, as the standard defines its format: lines end with LF, CR or CRLF, a blank line ends a
 * message, and a line that begins with a colon is a comment.
 *
 * @param heard - called for every chunk, comments included.
 * @param signal - ends the stream and its connection.
 */
export async function* readMessages(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
  signal: AbortSignal,
): AsyncGenerator<SseMessage, void, undefined> {
  const lines = readLines(body, heard, signal);
  let message: string[] = [];
  for await (const line of lines) {
    if (line !== '') {
      message.push(line);
      continue;
    }
    const parsed = toMessage(message);
    message = [];
    if (parsed) yield parsed;
  }
}

async function* readLines(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  // Rejects when the connection is already broken.
  const cancel = () => void reader.cancel().catch(() => undefined);
  // Node 20's fetch may miss an abort after a garbage collection; canceling its body ends the connection in any case.
  signal.addEventListener('abort', cancel);
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const lines = splitLines(rest + decoder.decode(value, { stream: true }));
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

/** A CR at the end may be the first half of a CRLF, so it stays with the rest. */
function splitLines(text: string): string[] {
  return text.split(/\r\n|\n|\r(?!$)/);
}

function toMessage(lines: readonly string[]): SseMessage | null {
  const event = valuesOf('event', lines).at(-1) ?? 'message';
  const data = valuesOf('data', lines);
  return data.length === 0 && event === 'message' ? null : { event, data: data.join('\n') };
}

function valuesOf(field: string, lines: readonly string[]): string[] {
  return lines
    .filter((line) => line === field || line.startsWith(`${field}:`))
    .map((line) => line.slice(field.length + 1).replace(/^ /, ''));
}
