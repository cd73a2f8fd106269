/** One connection to `GET /api/events`, like that of an EventSource. */
export interface PlainConnection {
  readonly door: string;
  readonly key: string;
  readonly types: readonly string[] | null;
  readonly after: string | null;
  readonly signal: AbortSignal;
  onConnect(): void;
  onEvent(event: { readonly cursor: string; readonly type: string }): void;
  /** Called for an answer that is neither a stream nor an outage. */
  onRefusal(text: string): void;
}

/** A connection is broken if nothing arrives for this time: the server sends a comment more often. In milliseconds. */
const SILENCE_MS = 20_000;

/** Reads events until the connection ends, breaks or is silent for too long. */
export async function readPlainEvents(connection: PlainConnection): Promise<void> {
  const { door, key, types, after, signal } = connection;
  const query = types === null ? '' : `?types=${types.join(',')}`;
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  try {
    const response = await fetch(`${door}/api/events${query}`, {
      headers: { authorization: `Bearer ${key}`, ...(after === null ? {} : { 'last-event-id': after }) },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status !== 200 || response.body === null) return await refuse(connection, response);
    connection.onConnect();
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      const blocks = (rest + text).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) readBlock(connection, block);
    }
  } catch {
    // The connection broke: the next one continues.
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function readBlock(connection: PlainConnection, block: string): void {
  const event = /^event: (.*)$/m.exec(block)?.[1];
  const data = /^data: (.*)$/m.exec(block)?.[1];
  if (event === undefined || data === undefined || event === 'error') return;
  connection.onEvent(JSON.parse(data));
}

async function refuse(connection: PlainConnection, response: Response): Promise<void> {
  const text = await response.text();
  if (response.status !== 503) connection.onRefusal(`HTTP ${response.status}: ${text.slice(0, 200)}`);
}
