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
 */
export async function* readMessages(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
): AsyncGenerator<SseMessage, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let lines: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const parts = splitLines(rest + decoder.decode(value, { stream: true }));
      rest = parts.pop() ?? '';
      for (const line of parts) {
        if (line !== '') lines.push(line);
        else if (lines.length > 0) {
          const message = toMessage(lines);
          lines = [];
          if (message) yield message;
        }
      }
    }
  } finally {
    // Rejects when the connection is already broken.
    reader.cancel().catch(() => undefined);
  }
}

/** A CR at the end may be the first half of a CRLF, so it stays with the rest. */
function splitLines(text: string): string[] {
  return text.split(/\r\n|\n|\r(?!$)/);
}

function toMessage(lines: readonly string[]): SseMessage | null {
  const event = valueOf('event', lines).at(-1) ?? 'message';
  const data = valueOf('data', lines);
  return data.length === 0 && event === 'message' ? null : { event, data: data.join('\n') };
}

function valueOf(field: string, lines: readonly string[]): string[] {
  return lines
    .filter((line) => line === field || line.startsWith(`${field}:`))
    .map((line) => line.slice(field.length + 1).replace(/^ /, ''));
}
