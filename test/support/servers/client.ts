import { adminSecret, type ServerProcess } from './server-process.js';

/** A GraphQL answer. */
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

/** A refusal in the payload of a mutation. */
export interface UserError {
  readonly code: string;
  readonly message: string;
}

/** Thrown for an answer without data, or with refusals in a payload. */
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

/** A client of one server, or of the one that runs now, with one key. */
export interface Client {
  readonly secret: string;
  /** The current URL of the API. It changes when a server is restarted. */
  readonly url: () => string;
  /** Sends a query and returns its data. @throws Refused with the code of the first error, including errors in payloads. */
  ask<Data = Record<string, unknown>>(query: string, variables?: object, signal?: AbortSignal): Promise<Data>;
  /** Sends a query and returns the answer, including refusals. */
  send<Data = Record<string, unknown>>(
    query: string,
    variables?: object,
    signal?: AbortSignal,
  ): Promise<Answer<Data>>;
  /** A client of the same server with another key. */
  with(secret: string): Client;
}

/** Creates a client of a server process. A function is called with every request, and returns the current URL. */
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

/** The header with an API key. */
export function bearer(secret: string): Record<string, string> {
  return { authorization: `Bearer ${secret}` };
}

/** Posts a value as JSON, or a text unchanged, with the type `application/json`. */
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

/** Reads a complete response. */
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
