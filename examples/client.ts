import type { TypedDocumentString } from '../src/generated/operations.js';

/** A client of a Mission Control server with one API key: plain GraphQL over fetch. */
export interface Client {
  /** Sends a query and returns its data. Retries while the server is not available. @throws Refused */
  ask<Data, Variables extends object = object>(
    document: Document<Data, Variables>,
    variables?: Variables,
    signal?: AbortSignal,
  ): Promise<Data>;
  /** Subscribes and yields the results. Ends or throws when the stream does. */
  subscribe<Data, Variables extends object>(
    document: Document<Data, Variables>,
    variables: Variables,
    signal: AbortSignal,
  ): AsyncGenerator<Data>;
  /** A client of the same server with another key. */
  withKey(key: string): Client;
}

/** A document of schema/operations with a typed answer, or a text with the given type of answer. */
export type Document<Data, Variables> = TypedDocumentString<Data, Variables> | string;

/** The server refused the request. `code` says why. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(`${code}: ${message}`);
  }
}

interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly { message: string; extensions?: { code?: string } }[];
}

/** Retries are safe, because every request of the example is a read, is idempotent, or has an idempotency key. */
const RETRY_FOR_MS = 30_000;
const RETRY_PAUSE_MS = 250;

/** Codes after which a retry may succeed. */
const TRANSIENT = new Set(['UNAVAILABLE', 'RATE_LIMITED']);

/** Creates a client with an API key. */
export function createClient(url: string, key: string): Client {
  function post(accept: string, query: string, variables: object, signal?: AbortSignal): Promise<Response> {
    return fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept },
      body: JSON.stringify({ query, variables }),
      ...(signal ? { signal } : {}),
    });
  }

  return {
    withKey: (other) => createClient(url, other),
    async ask<Data>(document: Document<Data, object>, variables = {}, signal?: AbortSignal): Promise<Data> {
      const giveUpAt = Date.now() + RETRY_FOR_MS;
      for (;;) {
        try {
          const response = await post('application/json', String(document), variables, signal);
          return dataOf((await response.json()) as Result<Data>);
        } catch (error) {
          const isFinal = error instanceof Refused && !TRANSIENT.has(error.code);
          if (isFinal || signal?.aborted || Date.now() > giveUpAt) throw error;
          await pause(RETRY_PAUSE_MS);
        }
      }
    },
    async *subscribe<Data>(document: Document<Data, object>, variables: object, signal: AbortSignal) {
      const response = await post('text/event-stream', String(document), variables, signal);
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
      if (!isStream || !response.body) dataOf((await response.json()) as Result<Data>);
      else
        for await (const json of readMessages(response.body)) yield dataOf(JSON.parse(json) as Result<Data>);
    },
  };
}

/** Returns the data. Throws for a top-level error and for a refusal in a mutation's payload. */
function dataOf<Data>({ data, errors }: Result<Data>): Data {
  const [error] = errors ?? [];
  if (error) throw new Refused(error.extensions?.code ?? 'UNKNOWN', error.message);
  if (!data) throw new Refused('UNKNOWN', 'The answer has no data.');
  for (const payload of Object.values(data)) {
    const [refusal] =
      (payload as { errors?: readonly { code: string; message: string }[] } | null)?.errors ?? [];
    if (refusal) throw new Refused(refusal.code, refusal.message);
  }
  return data;
}

/** Yields the data of each server-sent event. Lines that begin with a colon only keep the connection open. */
async function* readMessages(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const json = /^data: (.*)$/m.exec(message)?.[1];
      if (json) yield json;
    }
  }
}

/** Waits, and resolves early when the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
}
