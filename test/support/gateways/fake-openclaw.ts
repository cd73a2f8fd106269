import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { closeServer, listen } from '../servers/http-server.js';
import { answerAsReviewer } from './fake-agent.js';
import { admit, type GatewayMode } from './fake-openclaw-handshake.js';
import { invalid, type Reply, unavailable } from './fake-openclaw-replies.js';
import { createFakeRuns, type FakeRun, type FakeRuns } from './fake-openclaw-runs.js';

type Fields = Record<string, unknown>;

interface Request {
  readonly id: string;
  readonly method: string;
  readonly params: Fields;
}

interface Client {
  readonly socket: WebSocket;
  scopes: readonly string[] | null;
  isMute: boolean;
  readonly nonce: string;
}

export interface FakeOpenclawOptions {
  readonly token: string;
  /** The scopes that are granted to clients. Default: all. */
  readonly grants?: readonly string[];
  readonly tickIntervalMs?: number;
  readonly maxPayload?: number;
  /** If set, clients are treated as on another machine: only these devices get scopes. */
  readonly pairedDevices?: ReadonlySet<string>;
}

/** A fake OpenClaw gateway. A name in double brackets in the message selects its behaviour. */
export interface FakeOpenclaw {
  readonly url: string;
  readonly runs: FakeRuns;
  /** All received requests, including handshakes. */
  readonly requests: readonly Request[];
  connections(): number;
  /** Closes all connections. The gateway keeps running. */
  cut(): void;
  /** Sets the mode. `starting` refuses connections, `draining` refuses connections and requests. */
  setMode(mode: GatewayMode): void;
  /** Sends nothing more on the open connections, as in a network failure. */
  mute(): void;
  /** Replaces the process. Turns that had begun are resumed by runs that take `resumeForMs` milliseconds. */
  restart(resumeForMs?: number | null): void;
  close(): Promise<void>;
}

const AGENTS = ['scout', 'aegis'];
const AGENT_PARAMS = new Set(
  'message agentId sessionKey idempotencyKey model provider thinking timeout deliver extraSystemPrompt label'.split(
    ' ',
  ),
);

export async function startFakeOpenclaw(options: FakeOpenclawOptions): Promise<FakeOpenclaw> {
  const clients = new Set<Client>();
  const requests: Request[] = [];
  const dropped = new Set<string>();
  const runs = createFakeRuns((event, payload) => broadcast({ type: 'event', event, payload }));
  let mode: GatewayMode = 'ready';
  let bootId = randomUUID();

  function broadcast(frame: Fields): void {
    for (const { socket, scopes, isMute } of clients) if (scopes !== null && !isMute) send(socket, frame);
  }
  const tick = setInterval(() => {
    broadcast({ type: 'event', event: 'tick', payload: { ts: 1 } });
  }, options.tickIntervalMs ?? 30_000);

  function welcome(socket: WebSocket): void {
    const client: Client = { socket, scopes: null, isMute: false, nonce: randomUUID() };
    clients.add(client);
    socket.on('close', () => clients.delete(client));
    socket.on('error', () => undefined);
    socket.on('message', (data) => {
      if (!client.isMute) receive(client, String(data));
    });
    send(socket, { type: 'event', event: 'connect.challenge', payload: { nonce: client.nonce, ts: 1 } });
  }

  function receive(client: Client, text: string): unknown {
    const request = JSON.parse(text) as Request & Fields;
    requests.push(request);
    const reply = (answer: Reply) => send(client.socket, { type: 'res', id: request.id, ...answer });
    const extra = Object.keys(request).find((key) => !['type', 'id', 'method', 'params'].includes(key));
    if (extra !== undefined)
      return reply(invalid(`invalid request frame: at root: unexpected property '${extra}'`));
    if (client.scopes === null) return handshake(client, request, reply);
    if (mode === 'draining') return reply(unavailable('gateway is restarting', 'gateway-restarting'));
    return dispatch(client, request, reply);
  }

  function handshake(client: Client, { method, params }: Request, reply: (answer: Reply) => void): void {
    const { token, grants, pairedDevices } = options;
    const rules = { token, mode, grants, pairedDevices, nonce: client.nonce };
    const admission = admit(method, params, rules);
    if ('refusal' in admission) {
      reply(admission.refusal);
      client.socket.close(admission.closeCode, String(admission.refusal.error?.message).slice(0, 100));
      return;
    }
    client.scopes = admission.scopes;
    reply({ ok: true, payload: helloFor(client) });
  }

  function helloFor({ scopes }: Client): Fields {
    const { maxPayload = 26_214_400, tickIntervalMs = 30_000 } = options;
    return {
      type: 'hello-ok',
      protocol: 4,
      server: { version: '2026.9.6', bootId, connId: randomUUID() },
      auth: { method: 'token', role: 'operator', scopes },
      policy: { maxPayload, maxBufferedBytes: 52_428_800, tickIntervalMs },
    };
  }

  function dispatch(client: Client, request: Request, reply: (answer: Reply) => void): unknown {
    const { method, params } = request;
    const needed = ['agent', 'agent.wait', 'sessions.abort', 'tasks.cancel'].includes(method)
      ? 'write'
      : 'read';
    if (!client.scopes?.includes(`operator.${needed}`))
      return reply({ ok: false, error: { code: 'FORBIDDEN', message: `missing scope: operator.${needed}` } });
    switch (method) {
      case 'health':
        return reply({ ok: true, payload: { ok: true } });
      case 'agent':
        return startAgent(client, request, reply);
      case 'agent.wait':
        return waitForRun(params, reply);
      case 'chat.history':
        return reply({ ok: true, payload: runs.history(String(params.sessionKey)) });
      case 'tasks.list':
        return reply({ ok: true, payload: { tasks: runs.tasks(String(params.sessionKey)) } });
      case 'sessions.abort':
        return reply(abort(client, params));
      case 'tasks.cancel':
        return reply({ ok: true, payload: { cancelled: runs.cancelTask(String(params.taskId)) } });
      default:
        return reply(invalid(`unknown method: ${method}`));
    }
  }

  function abort(client: Client, { key, runId }: Fields): Reply {
    const run = runs.find(String(runId));
    if (run === undefined || run.final !== null || run.sessionKey !== key)
      return { ok: true, payload: { ok: true, abortedRunId: null, status: 'no-active-run' } };
    if (run.owner !== client.socket && !client.scopes?.includes('operator.admin'))
      return invalid('unauthorized');
    runs.cancel(run);
    return { ok: true, payload: { ok: true, abortedRunId: runId as string, status: 'aborted' } };
  }

  async function waitForRun({ runId, timeoutMs }: Fields, reply: (answer: Reply) => void): Promise<void> {
    const run = runs.find(String(runId));
    const late = new Promise((resolve) => setTimeout(resolve, Number(timeoutMs)).unref());
    await Promise.race([run?.settled ?? late, late]);
    reply({ ok: true, payload: run?.wait ?? { runId: runId as string, status: 'timeout' } });
  }

  function startAgent(client: Client, { params }: Request, reply: (answer: Reply) => void): unknown {
    const mistake = mistakeIn(client, params);
    if (mistake !== null) return reply(invalid(mistake));
    const { idempotencyKey, sessionKey, message } = params as Record<string, string>;
    const key = String(idempotencyKey);
    const session = String(sessionKey).toLowerCase();
    const agentId = String(params.agentId).toLowerCase();
    const known = runs.find(key);
    const facts = { runId: key, sessionKey: session, agentId };
    if (known?.final === null) return reply({ ok: true, payload: { ...facts, status: 'in_flight' } });
    if (known?.final) return reply(known.final);
    const items = (runs.history(session).pendingInputs as { items: Fields[] }).items;
    if (items.some(({ runId, state }) => runId === key && state === 'interrupted')) {
      const error = { code: 'UNAVAILABLE', message: 'Pending input ownership ended; submit a new turn' };
      return reply({ ok: false, error });
    }
    const model = String(params.model ?? 'fast').replace('stub/', '');
    const start = { runId: key, sessionKey: session, message: String(message), model, owner: client.socket };
    const run = runs.accept(start, Number(params.timeout) * 1_000);
    const scenario = /\[\[([\w-]+)\]\]/.exec(run.message)?.[1] ?? 'good';
    const ack = { ok: true, payload: { ...facts, status: 'accepted', acceptedAt: 1 } };
    void run.settled.then(() => finish(client, run, scenario, reply));
    if (scenario === 'drop-before-ack' && !dropped.has(key)) {
      dropped.add(key);
      client.socket.terminate();
    } else reply(ack);
    return act(client, run, scenario, () => reply(ack));
  }

  /** Sends the result, which comes after the last event of the run. */
  function finish(client: Client, run: FakeRun, scenario: string, reply: (answer: Reply) => void): void {
    if (run.final === null || client.isMute || client.socket.readyState !== client.socket.OPEN) return;
    reply(run.final);
    if (scenario === 'duplicate') reply(run.final);
  }

  function mistakeIn(client: Client, params: Fields): string | null {
    const extra = Object.keys(params).find((key) => !AGENT_PARAMS.has(key));
    const agentId = String(params.agentId).toLowerCase();
    if (extra !== undefined) return `invalid agent params: at root: unexpected property '${extra}'`;
    if (typeof params.idempotencyKey !== 'string')
      return "invalid agent params: must have required property 'idempotencyKey'";
    if (!AGENTS.includes(agentId)) return `invalid agent params: unknown agent id "${agentId}"`;
    if (!String(params.sessionKey).toLowerCase().startsWith(`agent:${agentId}:`))
      return 'the session key belongs to another agent';
    if (params.model !== undefined && !client.scopes?.includes('operator.admin'))
      return 'provider/model overrides are not authorized for this caller.';
    return null;
  }

  function act(client: Client, run: FakeRun, scenario: string, acknowledge: () => void): unknown {
    const done = (text = answerAsReviewer(run.message) ?? `Done: ${run.message}`, afterMs = 5) =>
      setTimeout(() => runs.succeed(run, text), afterMs);
    switch (scenario) {
      case 'hang':
      case 'deaf':
      case 'never-begins':
        return undefined;
      case 'empty':
        return done('');
      case 'error':
        return setTimeout(() => runs.fail(run, 'LLM request failed: the provider is on holiday.'), 5);
      case 'server-error':
        return setTimeout(() => runs.fail(run, 'LLM request failed: provider returned 500.'), 5);
      case 'slow':
        return done('Done, slowly.', 200);
      case 'oversize':
        return done('x'.repeat(20 * 1024 * 1024));
      case 'duplicate':
        acknowledge();
        return done('Done once.');
      case 'disconnect':
        setTimeout(() => client.socket.terminate(), 20);
        return done(undefined, 100);
      case 'drop-after-ack':
        setImmediate(() => client.socket.terminate());
        return done(undefined, 50);
      case 'garbage':
        client.socket.send('not json');
        client.socket.send(Buffer.from([0, 255, 254]));
        for (const frame of [null, 42, [], {}, { type: 'res' }, { type: 'res', id: 'invalid', ok: true }])
          client.socket.send(JSON.stringify(frame));
        broadcast({ type: 'event', event: 'presence', payload: null });
        return done();
      default:
        return done();
    }
  }

  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    if (mode === 'draining') socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
    else sockets.handleUpgrade(request, socket, head, welcome);
  });
  const port = await listen(server);
  const cut = () => {
    for (const { socket } of clients) socket.terminate();
  };

  return {
    url: `ws://127.0.0.1:${port}`,
    runs,
    requests,
    connections: () => clients.size,
    cut,
    mute() {
      for (const client of clients) client.isMute = true;
    },
    setMode(next) {
      mode = next;
    },
    restart(resumeForMs = 100) {
      cut();
      const lost = runs.crash();
      bootId = randomUUID();
      if (resumeForMs === null) return;
      for (const { sessionKey, message, model, owner } of lost.filter((run) => runs.begun.includes(run))) {
        const resumed = runs.accept({ runId: randomUUID(), sessionKey, message, model, owner }, 60_000);
        setTimeout(() => runs.succeed(resumed, 'Done after the restart.'), resumeForMs);
      }
    },
    async close() {
      clearInterval(tick);
      runs.crash();
      cut();
      await closeServer(server);
    },
  };
}

function send(socket: WebSocket, frame: object): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
}
