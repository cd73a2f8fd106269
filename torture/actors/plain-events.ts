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
  const { types, signal } = connection;
  const query = types === null ? '' : `?types=${types.join(',')}`;
  const silence = new AbortController();
  const abort = () => silence.abort();
  const aborted = new Promise<never>((_, reject) => {
    silence.signal.addEventListener('abort', () => reject(new Error('aborted')));
  });
  aborted.catch(() => undefined);
  signal.addEventListener('abort', abort);
  let timer = setTimeout(abort, SILENCE_MS);
  try {
    // The fetch of Node 20 may miss an abort.
    const response = await Promise.race([aborted, open(connection, query, silence.signal)]);
    if (response.status !== 200 || response.body === null) return await refuse(connection, response);
    connection.onConnect();
    let rest = '';
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await Promise.race([aborted, reader.read()]);
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(abort, SILENCE_MS);
      const blocks = (rest + value).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) readBlock(connection, block);
    }
  } catch {
    // The connection broke: the next one continues.
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    abort();
  }
}

function open({ door, key, after }: PlainConnection, query: string, signal: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, ...(after === null ? {} : { 'last-event-id': after }) };
  return fetch(`${door}/api/events${query}`, { headers, signal });
}

function readBlock(connection: PlainConnection, block: string): void {
  const event = /^event: (.*)$/m.exec(block)?.[1];
  const data = /^data: (.*)$/m.exec(block)?.[1];
  if (event === undefined || data === undefined || event === 'error') return;
  connection.onEvent(JSON.parse(data));
}

async function refuse(connection: PlainConnection, response: Response): Promise<void> {
  const text = await response.text();
  // 408: a stalled network has not brought the request in time.
  const isOutage = response.status === 503 || response.status === 408;
  if (!isOutage) connection.onRefusal(`HTTP ${response.status}: ${text.slice(0, 200)}`);
}
