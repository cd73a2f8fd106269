import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { closeServer, listen } from '../servers/http-server.js';
import { answerAsReviewer } from './fake-agent.js';

/** A server with the OpenAI protocol. A name in double brackets in the prompt selects its behaviour. */
export interface FakeOpenai {
  readonly baseUrl: string;
  readonly requests: readonly CompletionRequest[];
  /** Number of requests without an answer yet. */
  open(): number;
  /** From now on every request for a completion is answered with this. */
  replay(answer: RecordedAnswer): void;
  close(): Promise<void>;
}

/** An answer as a real endpoint sent it. */
export interface RecordedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** The connection breaks after the body. */
  readonly isBroken?: boolean;
}

export interface CompletionRequest {
  readonly headers: IncomingMessage['headers'];
  readonly body: {
    readonly model: string;
    readonly stream?: boolean;
    readonly stream_options?: object;
    readonly messages: readonly { readonly role: string; readonly content: string }[];
  };
}

export async function startFakeOpenai(apiKey: string): Promise<FakeOpenai> {
  const requests: CompletionRequest[] = [];
  const open = new Set<ServerResponse>();
  const state: ServerState = { apiKey, requests, recorded: null };
  const server = createServer((request, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    void serve(request, response, state);
  });
  const port = await listen(server);
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    requests,
    open: () => open.size,
    replay(answer) {
      state.recorded = answer;
    },
    close: () => closeServer(server),
  };
}

interface ServerState {
  readonly apiKey: string;
  readonly requests: CompletionRequest[];
  recorded: RecordedAnswer | null;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { apiKey, requests, recorded }: ServerState,
): Promise<unknown> {
  if (request.headers.authorization !== `Bearer ${apiKey}`) {
    const given = request.headers.authorization ?? 'nothing';
    return refuse(response, 401, `Incorrect API key provided: ${given}.`, 'invalid_api_key');
  }
  if (request.method === 'GET' && request.url === '/v1/models')
    return sendJson(response, 200, { object: 'list', data: [] });
  const body = (await json(request)) as CompletionRequest['body'];
  requests.push({ headers: request.headers, body });
  if (recorded !== null) return sendRecorded(response, recorded);
  const prompt = body.messages.at(-1)?.content ?? '';
  return act(/\[\[([\w-]+)\]\]/.exec(prompt)?.[1] ?? 'good', body, response);
}

function act(scenario: string, body: CompletionRequest['body'], response: ServerResponse): unknown {
  const prompt = body.messages.at(-1)?.content ?? '';
  const stream = (pieces: string[]) => sendStream(response, body, pieces);
  switch (scenario) {
    case 'empty':
      return stream([]);
    case 'slow':
      setTimeout(() => stream(['Done,', ' slowly.']), 200);
      return undefined;
    case 'hang':
      begin(response);
      response.write(chunk(body, { content: 'Well' }));
      return undefined;
    case 'hang-silent':
      return undefined;
    case 'disconnect':
      begin(response);
      response.write(chunk(body, { content: 'Half an ans' }), () => response.destroy());
      return undefined;
    case 'ends-early':
      begin(response);
      response.end(chunk(body, { content: 'Half an ans' }));
      return undefined;
    case 'drop-before-ack':
      response.destroy();
      return undefined;
    case 'drop-after-ack':
      begin(response);
      response.flushHeaders();
      setImmediate(() => response.destroy());
      return undefined;
    case 'duplicate':
      begin(response);
      response.write(chunk(body, { content: 'Done once.' }));
      response.write(chunk(body, {}, 'stop'));
      response.write(chunk(body, { content: 'Done once.' }));
      response.write(chunk(body, {}, 'stop'));
      response.end('data: [DONE]\n\ndata: [DONE]\n\n');
      return undefined;
    case 'oversize':
      return stream(Array.from({ length: 20 }, () => 'x'.repeat(1024 * 1024)));
    case 'oversize-json':
      return sendJson(response, 200, completion(body, 'x'.repeat(20 * 1024 * 1024)));
    case 'endless':
      begin(response);
      pour(response);
      return undefined;
    case 'garbage':
      begin(response);
      response.end('data: {"choices": 42}\n\ndata: {"choi');
      return undefined;
    case 'garbage-html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>');
      return undefined;
    case 'error':
      begin(response);
      response.write(chunk(body, { content: 'We' }));
      response.end('data: {"error":{"message":"the model is on holiday","code":"overloaded"}}\n\n');
      return undefined;
    case 'server-error':
      return refuse(response, 500, 'The server had an error.', null);
    case 'busy':
      return refuse(response, 429, 'Too many requests.', 'rate_limit_exceeded');
    case 'unknown-agent':
      return refuse(response, 404, `The model ${body.model} does not exist.`, 'model_not_found');
    case 'whole':
      return sendJson(response, 200, completion(body, `Done: ${prompt}`));
    case 'refusal':
      begin(response);
      response.write(chunk(body, { refusal: "I can't help with that." }));
      response.end(chunk(body, {}, 'stop'));
      return undefined;
    case 'old':
      if (body.stream_options !== undefined)
        return refuse(response, 422, 'Unexpected field: stream_options', 'extra_forbidden');
      return stream(['Done, the old way.']);
    default:
      return stream(piecesOf(answerAsReviewer(prompt) ?? `Done: ${prompt}`));
  }
}

/** In pieces that end within a word, as a network delivers it. */
function sendRecorded(
  response: ServerResponse,
  { status = 200, headers, body, isBroken }: RecordedAnswer,
): void {
  response.writeHead(status, headers);
  for (const piece of body.match(/[\s\S]{1,23}/g) ?? []) response.write(piece);
  if (isBroken) response.write('', () => response.destroy());
  else response.end();
}

const USAGE = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17, cost: 0.25 };

function begin(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'x-request-id': 'req_far_1',
  });
}

function sendStream(response: ServerResponse, body: CompletionRequest['body'], pieces: string[]): void {
  begin(response);
  for (const content of pieces) response.write(chunk(body, { content }));
  response.write(chunk(body, {}, 'stop'));
  if (body.stream_options) response.write(event({ model: body.model, choices: [], usage: USAGE }));
  response.end('data: [DONE]\n\n');
}

function chunk(body: CompletionRequest['body'], delta: object, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finishReason }];
  return event({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: body.model, choices });
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function completion(body: CompletionRequest['body'], content: string): object {
  const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
  return { id: 'chatcmpl-1', object: 'chat.completion', model: body.model, choices, usage: USAGE };
}

function sendJson(response: ServerResponse, status: number, data: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
}

function refuse(response: ServerResponse, status: number, message: string, code: string | null): void {
  sendJson(response, status, { error: { message, type: 'invalid_request_error', code, param: null } });
}

/** Writes endlessly and without a line break, as fast as the client reads. */
function pour(response: ServerResponse): void {
  if (!response.writable) return;
  response.write('x'.repeat(1024 * 1024), () => setImmediate(() => pour(response)));
}

/** Splits an answer into several pieces. */
function piecesOf(text: string): string[] {
  return [text.slice(0, 6), text.slice(6)];
}
