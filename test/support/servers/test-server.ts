import type { Viewer } from '../../../src/domain/actor.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { createInstrument, type Signal } from '../../../src/kernel/instrument.js';
import { createServer, type Server, type ServerOptions } from '../../../src/server/server.js';
import { createSmallSchema, type Ticks } from '../wires/small-schema.js';

/** A valid key of the server of `startTestServer`. */
export const goodKey = 'mc_good';

export interface TestServer {
  readonly server: Server;
  readonly url: string;
  readonly signals: Signal[];
  readonly ticks: Ticks;
  /** The valid keys. Deleting one revokes it. */
  readonly keys: Map<string, Viewer>;
  /** Posts JSON to /graphql with the valid key. */
  post(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: { data?: Record<string, unknown>; errors?: AnsweredError[] };
}

export interface AnsweredError {
  readonly message: string;
  readonly path?: (string | number)[];
  readonly extensions?: Record<string, unknown>;
}

/** Starts a server on a free port, by default with the small schema. */
export async function startTestServer(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const signals: Signal[] = [];
  const instrument = createInstrument();
  instrument.listen((signal) => signals.push(signal));
  const keys = new Map<string, Viewer>([[goodKey, { keyId: 'key_1', role: 'ADMIN', agentId: null }]]);
  const ticks: Ticks = { log: [], given: 0, release: () => undefined };
  const server = createServer({
    schema: createSmallSchema(ticks),
    http: { host: '127.0.0.1', port: 0, basePath: '', corsOrigins: [] },
    authenticate: async (secret) => keys.get(secret) ?? null,
    createContext: (scope) => ({ ...scope }),
    events: {
      open: async () => Promise.reject(new Error('the small schema has no events')),
      issueTicket: async () => Promise.reject(new Error('the small schema has no tickets')),
      redeemTicket: async () => null,
    },
    isReady: () => true,
    metrics: async () => ({ contentType: 'text/plain', text: 'up 1\n' }),
    instrument,
    clock: systemClock,
    ...options,
  });
  await server.start();
  const { url } = server.address();
  return {
    server,
    url,
    signals,
    ticks,
    keys,
    post: (body, headers) => post(`${url}/graphql`, body, headers),
    stop: () => server.stop(),
  };
}

async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const common = { 'content-type': 'application/json', authorization: `Bearer ${goodKey}` };
  return readAnswer(await fetch(url, { method: 'POST', body: text, headers: { ...common, ...headers } }));
}

/** Reads a complete response. `json` is empty if the response is not JSON. */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : {} };
}
