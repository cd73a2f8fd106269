import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createClient } from 'graphql-ws';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { goodKey, startTestServer, type TestServer } from '../../support/servers/test-server.js';
import { useSocketServer } from '../../support/servers/use-socket-server.js';
import { RawSocket } from '../../support/wires/raw-socket.js';
import { hasPaused } from '../../support/wires/small-schema.js';

/** Never ends. Its messages are large, so that the buffers between server and client fill soon. */
const endless = `subscription { ${'x'.repeat(10_000)}: ticks(count: 100000000) }`;

let server: TestServer;

const { connect, connectWithKey } = useSocketServer({ limits: { maxMessageBytes: 20_000 } }, (started) => {
  server = started;
});

describe('many documents that the server does not know yet', () => {
  const fields = Array.from({ length: 400 }, (_, index) => `unknown${index}`).join(' ');

  it('let the requests of another key pass', async () => {
    server.keys.set('mc_other', { keyId: 'key_other', role: 'VIEWER', agentId: null });
    const other = () => server.post({ query: '{ whoAmI }' }, { authorization: 'Bearer mc_other' });
    await other();
    const sockets = await Promise.all([1, 2, 3, 4].map(() => connectWithKey()));
    for (const [at, socket] of sockets.entries()) {
      for (let id = 0; id < 100; id += 1) socket.subscribe(String(id), `{ hello ${fields}x${at}x${id} }`);
      socket.send({ type: 'ping' });
    }
    const received = () => sockets.every(({ messages }) => messages.some(({ type }) => type === 'pong'));
    await expect.poll(received).toBe(true);
    expect((await other()).json).toEqual({ data: { whoAmI: 'key_other' } });
    const answered = () =>
      sockets.flatMap(({ messages }) => messages).filter(({ type }) => type === 'error').length;
    expect(answered()).toBeLessThan(400);
    await expect.poll(answered, { timeout: 20_000 }).toBe(400);
  });

  it('are answered in their order, also where known ones come after them', async () => {
    const socket = await connectWithKey();
    const known = 'query Known { whoAmI }';
    await server.post({ query: known });
    for (const id of ['a', 'b', 'c']) socket.subscribe(id, `query Unknown_${id} { whoAmI }`);
    socket.subscribe('known', known);
    const answered = () => socket.messages.filter(({ type }) => type === 'next').map(({ id }) => id);
    await expect.poll(answered).toEqual(['a', 'b', 'c', 'known']);
  });

  it('are not prepared once their client has completed them', async () => {
    const socket = await connectWithKey();
    for (const id of ['a', 'b', 'c']) {
      socket.subscribe(id, `{ ${id}: whoAmI }`);
      socket.send({ id, type: 'complete' });
    }
    socket.subscribe('last', '{ last: whoAmI }');
    await expect.poll(() => socket.of('last').map(({ type }) => type)).toEqual(['next', 'complete']);
    expect(socket.messages.map(({ id }) => id)).toEqual([undefined, 'last', 'last']);
  });
});

describe('operations over a WebSocket', () => {
  it('run for a public client: queries, mutations and subscriptions', async () => {
    const client = createClient({
      url: `${server.url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${goodKey}` },
    });
    const all = async (query: string, variables?: Record<string, unknown>) => {
      const results: unknown[] = [];
      for await (const result of client.iterate({ query, variables: variables ?? null }))
        results.push(result);
      return results;
    };
    expect(await all('{ whoAmI }')).toEqual([{ data: { whoAmI: 'key_1' } }]);
    expect(await all('mutation($n: String!) { rename(name: $n) }', { n: 'x' })).toEqual([
      { data: { rename: 'x' } },
    ]);
    expect(await all('subscription { ticks(count: 2) }')).toEqual([
      { data: { ticks: 1 } },
      { data: { ticks: 2 } },
    ]);
    expect(server.ticks.log).toEqual(['started', 'ended']);
    await client.dispose();
  });

  it('have the same errors as over HTTP: with a code, masked and logged once', async () => {
    const socket = await connectWithKey();
    const failing: [string, string, string, object?][] = [
      ['1', '{ hello', 'GRAPHQL_PARSE_FAILED'],
      ['2', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
      ['3', 'query($v: Int!) { number(value: $v) }', 'BAD_USER_INPUT', { v: 'x' }],
      ['4', 'query($v: Json) { echo(json: $v) }', 'BAD_USER_INPUT', { v: '\0' }],
      ['5', `{ ${'self { '.repeat(15)} hello ${'}'.repeat(15)} }`, 'QUERY_TOO_COMPLEX'],
      ['6', '{ refused }', 'FORBIDDEN'],
      ['7', '{ faultNonNull }', 'INTERNAL_SERVER_ERROR'],
      ['8', 'subscription { faultyTicks }', 'INTERNAL_SERVER_ERROR'],
      ['9', 'subscription { faultAtStart }', 'INTERNAL_SERVER_ERROR'],
      ['10', 'subscription { refusedTicks }', 'UNAUTHENTICATED'],
      ['11', 'query a { hello } query b { hello }', 'BAD_USER_INPUT'],
      ['12', 'subscription { ticks @skip(if: true) }', 'GRAPHQL_VALIDATION_FAILED'],
      ['13', 'query($v: [Int!]!) { numbers(values: $v) }', 'BAD_USER_INPUT', { v: Array(60).fill({}) }],
    ];
    for (const [id, query, code, variables] of failing) {
      socket.subscribe(id, query, variables);
      await expect.poll(() => JSON.stringify(socket.of(id))).toContain(`"code":"${code}"`);
      await expect.poll(() => socket.of(id).at(-1)?.type).toMatch(/error|complete/);
    }
    expect(JSON.stringify(socket.messages)).not.toMatch(/secret|"http"|unexpected|stack/);
    const faults = server.signals.filter(({ level }) => level === 'error');
    expect(faults.map(({ name }) => name)).toEqual(Array(3).fill('graphql.fault'));
    const sent = JSON.stringify(socket.messages);
    for (const { facts } of faults) expect(sent).toContain(`"requestId":"${facts.requestId}"`);
  });

  it('are refused with a code when their operation has an empty name', async () => {
    const socket = await connectWithKey();
    socket.send({ id: '1', type: 'subscribe', payload: { query: '{ hello }', operationName: '' } });
    await expect.poll(() => JSON.stringify(socket.of('1'))).toContain('"code":"BAD_USER_INPUT"');
    expect(JSON.stringify(socket.of('1'))).toContain('is empty');
  });

  it.each([
    { Authorization: `Bearer ${goodKey}` },
    { AUTHORIZATION: `Bearer ${goodKey}` },
    { headers: { Authorization: `Bearer ${goodKey}` } },
  ])('run with the key in connectionParams as other clients write it: %o', async (payload) => {
    const socket = await connect();
    socket.send({ type: 'connection_init', payload });
    await expect.poll(() => socket.messages).toContainEqual({ type: 'connection_ack' });
    socket.subscribe('1', '{ whoAmI }');
    await expect
      .poll(() => socket.of('1')[0])
      .toEqual({ id: '1', type: 'next', payload: { data: { whoAmI: 'key_1' } } });
  });

  it('end when their client completes them, both streams and waiting queries', async () => {
    const socket = await connectWithKey();
    socket.subscribe('1', 'subscription { silent }');
    await expect.poll(() => server.ticks.log).toEqual(['started']);
    socket.send({ id: '1', type: 'complete' });
    await expect.poll(() => server.ticks.log).toEqual(['started', 'ended']);
    socket.subscribe('2', '{ waits }');
    await expect.poll(() => server.ticks.log.at(-1)).toBe('waiting');
    socket.send({ id: '2', type: 'complete' });
    await expect.poll(() => server.ticks.log.at(-1)).toBe('aborted');
    expect(socket.of('2')).toEqual([]);
  });

  it('wait for a client that does not read, and end when it disconnects', async () => {
    const socket = await connectWithKey();
    socket.socket.pause();
    socket.subscribe('1', endless);
    await expect.poll(() => server.ticks.log).toEqual(['started']);
    await expect.poll(() => hasPaused(server.ticks)).toBe(true);
    socket.socket.terminate();
    await expect.poll(() => server.ticks.log).toEqual(['started', 'ended']);
  });

  it('end when their socket closes', async () => {
    const socket = await connectWithKey();
    socket.subscribe('1', 'subscription { waitingSilent }');
    socket.subscribe('2', '{ waits }');
    await expect.poll(() => [...server.ticks.log].sort()).toEqual(['started', 'waiting']);
    socket.socket.terminate();
    await expect.poll(() => [...server.ticks.log].sort()).toEqual(['aborted', 'ended', 'started', 'waiting']);
  });
});

describe('a socket', () => {
  it.each([
    ['no key', undefined],
    ['an unknown key', 'Bearer mc_unknown'],
    ['a key without its scheme', goodKey],
    ['a key that is not a text', { key: goodKey }],
  ])('with %s is closed with 4401, which clients do not retry', async (_what, authorization) => {
    const socket = await connect();
    socket.init(authorization);
    expect(await socket.closed).toEqual({ code: 4401, reason: expect.stringContaining('Bearer mc_…') });
    expect(socket.messages).toEqual([]);
  });

  it('without connection_init, or with a message before it, is closed', async () => {
    const impatient = await startTestServer({ limits: { connectionInitTimeoutMs: 50 } });
    const silent = await RawSocket.open(impatient.url);
    expect(await silent.closed).toMatchObject({ code: 4408 });
    const { port } = new URL(impatient.url);
    const deaf = createConnection(Number(port), '127.0.0.1').resume();
    const key = Buffer.alloc(16).toString('base64');
    deaf.write(
      `GET /graphql HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
    );
    // Its client does not answer the close.
    await once(deaf, 'close', { signal: AbortSignal.timeout(10_000) });
    await impatient.stop();
    const hasty = await connect();
    hasty.subscribe('1', '{ hello }');
    expect(await hasty.closed).toMatchObject({ code: 4401 });
  });

  it('whose key could not be checked is closed with the code to try again, and the error is logged', async () => {
    const broken = await startTestServer({ authenticate: () => Promise.reject(new Error('secret')) });
    const socket = await RawSocket.open(broken.url);
    socket.init('Bearer mc_any');
    expect(await socket.closed).toEqual({ code: 1013, reason: 'The API key could not be checked' });
    expect(broken.signals.filter(({ level }) => level === 'error')).toHaveLength(1);
    await broken.stop();
  });

  it('can start no operation after its key is revoked', async () => {
    server.keys.set('mc_short', { keyId: 'key_2', role: 'VIEWER', agentId: null });
    const socket = await connectWithKey('mc_short');
    socket.subscribe('1', '{ whoAmI }');
    await expect.poll(() => socket.of('1')).toHaveLength(2);
    server.keys.delete('mc_short');
    socket.subscribe('2', '{ whoAmI }');
    expect(await socket.closed).toMatchObject({ code: 4401 });
    expect(socket.of('2')).toEqual([]);
  });

  it.each([
    ['text that is not JSON', 'hello', 4400],
    ['a message of another protocol', '{"type":"hello"}', 4400],
    ['a result', '{"type":"next","id":"1","payload":{"data":{"a":1}}}', 4400],
    ['an error', '{"type":"error","id":"1","payload":[{"message":"m"}]}', 4400],
    ['an acknowledgement', '{"type":"connection_ack"}', 4400],
    ['a second connection_init', '{"type":"connection_init"}', 4429],
    ['a message that is too large', `{"type":"ping","payload":{"pad":"${'x'.repeat(20_000)}"}}`, 1009],
  ])('that sends %s is closed with the code of the protocol', async (_what, text, code) => {
    const socket = await connectWithKey();
    socket.send(text);
    expect(await socket.closed).toMatchObject({ code });
    expect(server.signals.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('that uses an id twice is closed', async () => {
    const socket = await connectWithKey();
    socket.subscribe('1', 'subscription { silent }');
    socket.subscribe('1', 'subscription { silent }');
    expect(await socket.closed).toMatchObject({ code: 4409 });
    const count = (what: string) => server.ticks.log.filter((entry) => entry === what).length;
    await expect.poll(() => count('started') - count('ended')).toBe(0);
  });

  it.each([['graphql-ws'], ['unknown'], [[]]])('of another subprotocol is closed (%s)', async (protocol) => {
    const socket = await connect({ protocol }).catch((error: Error) => error);
    if (socket instanceof Error) expect(socket.message).toMatch(/subprotocol/);
    else expect(await socket.closed).toMatchObject({ code: 4406 });
  });

  it('that answers no pings is terminated, and others stay open', async () => {
    const impatient = await startTestServer({ limits: { pingIntervalMs: 500 } });
    const dead = await RawSocket.open(impatient.url, { autoPong: false });
    dead.init(`Bearer ${goodKey}`);
    const alive = await RawSocket.open(impatient.url);
    alive.init(`Bearer ${goodKey}`);
    expect(await dead.closed).toMatchObject({ code: 1006 });
    alive.subscribe('1', '{ hello }');
    await expect.poll(() => alive.of('1')).toHaveLength(2);
    await impatient.stop();
  });
});
