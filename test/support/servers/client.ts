import { adminSecret, type ServerProcess } from './server-process.js';

/** A GraphQL answer as it came. */
export interface Answer<Data = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly data?: Data | null;
  readonly errors?: readonly AnsweredError[];
}

export interface AnsweredError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string } & Readonly<Record<string, unknown>>;
}

/** A refusal in a payload. */
export interface UserError {
  readonly code: string;
  readonly message: string;
}

/** The answer was no data, or a payload with refusals. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(`${code}: ${message}`);
  }
}

/** What speaks to one server, or to whichever server runs now, with one key. */
export interface Client {
  readonly secret: string;
  /** Where the API is now; it moves when a server is started anew. */
  readonly url: () => string;
  /** The data. @throws Refused with the code of the first error, also of one in a payload of a mutation. */
  ask<Data = Record<string, unknown>>(query: string, variables?: object, signal?: AbortSignal): Promise<Data>;
  /** The answer, whatever it is. */
  send<Data = Record<string, unknown>>(
    query: string,
    variables?: object,
    signal?: AbortSignal,
  ): Promise<Answer<Data>>;
  /** The same server with another key. */
  with(secret: string): Client;
}

/** A client of a server process; of the latest one if it is asked for anew with every request. */
export function createClient(
  server: Pick<ServerProcess, 'url'> | (() => string),
  secret = adminSecret,
): Client {
  const url = typeof server === 'function' ? server : () => server.url;
  const client: Client = {
    secret,
    url,
    send: (query, variables, signal) =>
      post(`${url()}/graphql`, { query, ...(variables ? { variables } : {}) }, bearer(secret), signal),
    async ask<Data>(query: string, variables?: object, signal?: AbortSignal) {
      return dataOf(await client.send<Data>(query, variables, signal));
    },
    with: (other) => createClient(url, other),
  };
  return client;
}

export function bearer(secret: string): Record<string, string> {
  return { authorization: `Bearer ${secret}` };
}

/** Posts JSON, or a text as it is, with `application/json` as its type. */
export async function post<Data = Record<string, unknown>>(
  url: string,
  body: unknown,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Answer<Data>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  return readAnswer(response);
}

/** Reads a response to its end. */
export async function readAnswer<Data = Record<string, unknown>>(response: Response): Promise<Answer<Data>> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, headers: response.headers, text, ...(isJson ? JSON.parse(text) : {}) };
}

function dataOf<Data>({ status, data, errors, text }: Answer<Data>): Data {
  const [first] = errors ?? [];
  if (first) throw new Refused(first.extensions?.code ?? 'NO_CODE', first.message, status);
  if (!data) throw new Refused('NO_DATA', text.slice(0, 200), status);
  for (const payload of Object.values(data)) {
    const [refusal] = refusalsIn(payload);
    if (refusal) throw new Refused(refusal.code, refusal.message, status);
  }
  return data;
}

function refusalsIn(payload: unknown): readonly UserError[] {
  if (typeof payload !== 'object' || payload === null || !('errors' in payload)) return [];
  return Array.isArray(payload.errors) ? payload.errors : [];
}
