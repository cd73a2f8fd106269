import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** One block of a stream of server-sent events. */
export interface Block {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly retry?: string;
}

/** A plain client of `GET /api/events`, like `curl -N`. */
export interface PlainReader {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The received blocks, without comments. */
  readonly blocks: Block[];
  readonly comments: () => number;
  /** The `data` of the events, without a last error. */
  events(): PlainEvent[];
  /** Number of events. */
  count(): number;
  /** The error that ended the stream. */
  lastError(): { code: string; message: string; cursor: string | null } | undefined;
  /** The id that an EventSource would send when it reconnects. */
  lastEventId(): string | undefined;
  readonly ended: Promise<void>;
  pause(): void;
  resume(): void;
  close(): void;
}

export interface PlainEvent {
  readonly id: string;
  readonly cursor: string;
  readonly type: string;
  readonly at: string;
  readonly actor: { readonly id: string; readonly displayName: string };
  readonly task: { readonly id: string; readonly ref: string } | null;
  readonly agent: { readonly id: string; readonly name: string } | null;
  readonly keyId: string | null;
  readonly pipelineRunId: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Opens the stream. Resolves after its first block. @throws Error for an answer that is not a stream. */
export async function readPlainEvents(
  url: string,
  { query = '', headers = {} }: { query?: string; headers?: Record<string, string> } = {},
): Promise<PlainReader> {
  const call = request(`${url}/api/events${query}`, { headers });
  const response = await respond(call);
  if (response.statusCode !== 200) {
    call.destroy();
    throw new Error(`the server answers ${response.statusCode}`);
  }
  const blocks: Block[] = [];
  let comments = 0;
  let rest = '';
  let onFirst: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    onFirst = resolve;
  });
  response.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      if (part.startsWith(':')) comments += 1;
      else blocks.push(parseBlock(part));
    }
    if (blocks.length > 0) onFirst();
  });
  const ended = new Promise<void>((resolve) => {
    response.once('close', resolve);
  });
  response.on('error', () => undefined);
  await Promise.race([first, ended]);
  const isEvent = ({ event }: Block) => event !== undefined && event !== 'error';
  const dataOf = ({ data = '' }: Block) => JSON.parse(data);
  return {
    status: response.statusCode,
    headers: response.headers,
    blocks,
    comments: () => comments,
    events: () => blocks.filter(isEvent).map(dataOf),
    count: () => blocks.filter(isEvent).length,
    lastError: () => blocks.filter(({ event }) => event === 'error').map(dataOf)[0],
    lastEventId: () => blocks.flatMap(({ id }) => id ?? []).at(-1),
    ended,
    pause: () => response.pause(),
    resume: () => response.resume(),
    close: () => call.destroy(),
  };
}

function respond(call: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    call.once('response', resolve);
    call.on('error', reject);
    call.end();
  });
}

function parseBlock(text: string): Block {
  return Object.fromEntries(
    text.split('\n').map((line) => {
      const colon = line.indexOf(': ');
      return [line.slice(0, colon), line.slice(colon + 2)];
    }),
  );
}
