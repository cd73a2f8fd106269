import { GraphQLError } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stopOnce } from '../../src/server/answer-limits.js';
import { goodKey, startTestServer, type TestServer } from '../support/servers/test-server.js';
import { RawSocket } from '../support/wires/raw-socket.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ limits: { maxAnswerLength: 1_000 } });
});

afterAll(() => server.stop());

const long = '{ list(size: 100) { name again: name } }';
const tooLarge = {
  message: expect.stringContaining('The answer has more than 1000 characters'),
  extensions: { code: 'QUERY_TOO_COMPLEX' },
};

describe('an answer that is too large', () => {
  it('is refused over HTTP', async () => {
    expect((await server.post({ query: long })).json).toEqual({ data: null, errors: [tooLarge] });
    expect((await server.post({ query: '{ list(size: 20) { again: name } }' })).json.errors).toBeUndefined();
  });

  it('is refused for a GET', async () => {
    const headers = { authorization: `Bearer ${goodKey}`, 'x-graphql-yoga-csrf': '1' };
    const answer = await fetch(`${server.url}/graphql?query=${encodeURIComponent(long)}`, { headers });
    expect(await answer.json()).toEqual({ data: null, errors: [tooLarge] });
  });

  it('is refused over a WebSocket', async () => {
    const socket = await RawSocket.open(server.url);
    socket.init(`Bearer ${goodKey}`);
    await expect.poll(() => socket.messages).toHaveLength(1);
    socket.subscribe('1', long);
    await expect.poll(() => socket.of('1').map(({ type }) => type)).toEqual(['next', 'complete']);
    expect(socket.of('1')[0]?.payload).toEqual({ data: null, errors: [tooLarge] });
    socket.socket.close();
  });
});

describe('an operation that was stopped at many places', () => {
  const stop = () => new GraphQLError('stopped', { extensions: { code: 'QUERY_TOO_COMPLEX' } });
  const other = new GraphQLError('other', { extensions: { code: 'FORBIDDEN' } });

  it('has one error for all of them, and no data if it is a query', () => {
    const errors = [stop(), other, stop()];
    expect(stopOnce({ data: { a: null }, errors }, true)).toEqual({ data: null, errors: [errors[0]] });
    expect(stopOnce({ data: { a: 1, b: null }, errors }, false)).toEqual({
      data: { a: 1, b: null },
      errors: [other, errors[0]],
    });
  });

  it('is not confused with other errors', () => {
    const result = { data: { a: null }, errors: [other] };
    expect(stopOnce(result, true)).toBe(result);
  });
});
