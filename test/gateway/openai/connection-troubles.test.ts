import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createOpenaiGateway } from '../../../src/gateway/openai/openai.js';
import { listen } from '../../support/servers/http-server.js';
import { UNUSED_PORT } from '../../support/servers/unused-port.js';
import { aCall, testHooks } from '../conformance.js';

/** Nothing is counted: the breaker opens, and the remedy is logged. */
const broken = (error: string, remedy = 'OPENAI_BASE_URL') => ({
  outcome: 'BROKEN',
  error: expect.stringContaining(error),
  remedy: expect.stringContaining(remedy),
});
/** Nothing is counted: the task waits until the endpoint can be reached. */
const notBegun = (error: string) => ({ outcome: 'NOT_BEGUN', error: expect.stringContaining(error) });
/** A failed attempt. The endpoint may have worked on it. */
const failed = (error: string) => ({
  outcome: 'FAILED',
  permanent: false,
  error: expect.stringContaining(error),
});
/** The task alone is wrong. */
const refused = (error: string) => ({
  outcome: 'FAILED',
  permanent: true,
  error: expect.stringContaining(error),
});

const always =
  (status: number, headers: Record<string, string> = {}, body = ''): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  };

/** Redirects completions; every other request gets a list of models. */
const redirecting =
  (status: number, location: string): RequestListener =>
  (request, response) => {
    request.resume();
    if (request.url === '/v1/chat/completions') response.writeHead(status, { location }).end();
    else if (request.method === 'POST') response.end('{"choices":[{"message":{"content":"Moved, done."}}]}');
    else response.setHeader('content-type', 'application/json').end('{"object":"list","data":[]}');
  };

const STATUSES: readonly (readonly [string, RequestListener, object])[] = [
  ['407 of a proxy', always(407, { 'proxy-authenticate': 'Basic' }), broken('407', 'Check the proxy')],
  ['407 without a header', always(407, {}, 'Log in to the proxy'), broken('Log in to the proxy', 'proxy')],
  ['421, a host that is not served', always(421), broken('421')],
  ['426, another protocol', always(426, { upgrade: 'TLS/1.0' }), broken('426')],
  ['505, another version of HTTP', always(505), broken('505')],
  ['511, a login of the network', always(511), broken('511', 'network')],
  ['410 for the whole API', always(410), broken('410')],
  ['451 for the whole API', always(451), broken('451')],
  ['501, a server of files', always(501), broken('501')],
  ['301 to https', redirecting(301, 'https://far.example/v1/chat/completions'), broken('301')],
  ['302 to a login page', redirecting(302, '/login'), broken('302')],
  ['303', redirecting(303, '/v1/x'), broken('303')],
  ['307 to itself, for ever', redirecting(307, '/v1/chat/completions'), broken('redirect')],
  ['308 to another protocol', redirecting(308, 'ftp://far.example/'), broken('308')],
  ['308 to the right address', redirecting(308, '/right'), { outcome: 'ANSWERED', text: 'Moved, done.' }],
  ['500', always(500), failed('500')],
  ['502 of a proxy, perhaps in mid-work', always(502), failed('502')],
  ['504 of a proxy, perhaps in mid-work', always(504), failed('504')],
  ['521, no server behind the proxy', always(521), notBegun('521')],
  ['523, no way to the server behind the proxy', always(523), notBegun('523')],
  ['530, no name behind the proxy', always(530), notBegun('530')],
  ['526, a bad certificate behind the proxy', always(526), notBegun('526')],
  ['408', always(408), failed('408')],
  ['409', always(409), failed('409')],
  ['413, a prompt that is too large', always(413), refused('413')],
  ['422', always(422), refused('422')],
  ['429', always(429), { outcome: 'LIMITED' }],
];

/** What is wrong before there is an HTTP answer: the address for a port, the server that listens there, what it means. */
const CONNECTIONS: readonly (readonly [string, (port: number) => string, Server, object])[] = [
  ['no server', () => `http://127.0.0.1:${UNUSED_PORT}/v1`, createTcpServer(), notBegun('ECONNREFUSED')],
  ['an unknown name', () => 'http://far.invalid/v1', createTcpServer(), notBegun('far.invalid')],
  ['a port that is never called', () => 'http://127.0.0.1:6667/v1', createTcpServer(), broken('bad port')],
  [
    'HTTP where TLS is expected',
    (port) => `https://127.0.0.1:${port}/v1`,
    createServer(always(200)),
    broken('wrong version number'),
  ],
  [
    'TLS where HTTP is expected',
    (port) => `http://127.0.0.1:${port}/v1`,
    createTcpServer((socket) => socket.once('data', () => socket.end(Buffer.from('15030300020232', 'hex')))),
    broken('HTTP'),
  ],
  [
    'a server that agrees on no cipher',
    (port) => `https://127.0.0.1:${port}/v1`,
    createTlsServer(),
    broken('handshake failure'),
  ],
  [
    'a server that closes before the TLS handshake',
    (port) => `https://127.0.0.1:${port}/v1`,
    createTcpServer((socket) => socket.destroy()),
    notBegun(''),
  ],
  [
    'a server of another protocol',
    (port) => `http://127.0.0.1:${port}/v1`,
    createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')),
    broken('HTTP'),
  ],
  [
    'a server that closes in place of an answer',
    (port) => `http://127.0.0.1:${port}/v1`,
    createTcpServer((socket) => socket.once('data', () => socket.destroy())),
    failed(''),
  ],
];

const open: Socket[] = [];

async function closeServer(server: Server): Promise<void> {
  for (const socket of open.splice(0)) socket.destroy();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

function begin(server: Server): Promise<number> {
  server.on('connection', (socket) => open.push(socket));
  return listen(server);
}

async function sendTo(baseUrl: string) {
  const gateway = createOpenaiGateway({ baseUrl, apiKey: undefined });
  try {
    return [await gateway.send(aCall('x'), testHooks()), await gateway.probe(AbortSignal.timeout(20_000))];
  } finally {
    await gateway.close();
  }
}

describe('the openai gateway, by what goes wrong', () => {
  it.each(STATUSES)('status %s', async (_name, listener, expected) => {
    const server = createServer(listener);
    const [answer] = await sendTo(`http://127.0.0.1:${await begin(server)}/v1`);
    await closeServer(server);
    expect(answer).toMatchObject(expected);
  });

  it.each(CONNECTIONS)('connection: %s', async (_name, address, server, expected) => {
    const [answer, probe] = await sendTo(address(await begin(server)));
    await closeServer(server);
    expect(answer).toMatchObject(expected);
    expect(probe).toMatchObject({ reachable: false });
  });

  it('a probe with a 407 names the remedy as well', async () => {
    const server = createServer(always(407));
    const [, probe] = await sendTo(`http://127.0.0.1:${await begin(server)}/v1`);
    await closeServer(server);
    expect(probe).toMatchObject({ reachable: false, remedy: expect.stringContaining('Check the proxy') });
  });
});
