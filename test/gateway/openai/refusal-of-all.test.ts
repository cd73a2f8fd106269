import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createOpenaiGateway } from '../../../src/gateway/openai/openai.js';
import { closeServer, listen } from '../../support/servers/http-server.js';
import { aCall, testHooks } from '../conformance.js';

interface Reply {
  readonly status: number;
  readonly body: object | string;
}

const error = (message: string, code: string | null = null) => ({ error: { message, code, type: null } });
const models: Reply = { status: 200, body: { object: 'list', data: [] } };
const refusesAll = { outcome: 'BROKEN' };
const refusesOne = { outcome: 'FAILED', permanent: true };

/** What an endpoint answers to a completion and to the list of its models, and what that means. */
const ANSWERS: readonly (readonly [string, Reply, Reply, object])[] = [
  ['a wrong key', { status: 401, body: error('Incorrect API key') }, models, refusesAll],
  [
    'a model that the key may not use',
    {
      status: 401,
      body: error('Key not allowed to access model. Tried to access opus', 'key_model_access_denied'),
    },
    models,
    refusesOne,
  ],
  [
    'a key without the scope of models',
    { status: 401, body: error('You have insufficient permissions. Missing scopes: model.request') },
    models,
    refusesAll,
  ],
  ['an account without credit', { status: 402, body: error('Insufficient credits') }, models, refusesAll],
  [
    'a key without rights',
    { status: 403, body: error('Country not supported') },
    { status: 403, body: error('Country not supported') },
    refusesAll,
  ],
  ['a flagged request', { status: 403, body: error('Your input was flagged') }, models, refusesOne],
  [
    'a model of others',
    { status: 403, body: error('No access to model opus', 'model_not_found') },
    { status: 403, body: error('Forbidden') },
    refusesOne,
  ],
  [
    'an address without this API',
    { status: 404, body: '404 page not found' },
    { status: 404, body: '404 page not found' },
    refusesAll,
  ],
  [
    'a page in place of the API',
    { status: 405, body: '<html>Method not allowed</html>' },
    { status: 404, body: '<html>Not found</html>' },
    refusesAll,
  ],
  [
    'an unknown model, without a list of models',
    { status: 404, body: error('The model opus does not exist') },
    { status: 404, body: error('Not found') },
    refusesOne,
  ],
  [
    'an unknown path beside a good list of models',
    { status: 404, body: error('Not found') },
    models,
    refusesOne,
  ],
  ['a wrong key under a good status', { status: 200, body: error('Wrong key', '401') }, models, refusesAll],
  [
    'a wrong key by its name, under a good status',
    { status: 200, body: { error: { message: 'Wrong key', type: 'authentication_error' } } },
    models,
    refusesAll,
  ],
  [
    'a wrong key in a stream',
    { status: 200, body: `data: ${JSON.stringify(error('Wrong key', 'invalid_api_key'))}\n\n` },
    models,
    refusesAll,
  ],
  ['no credit under a good status', { status: 200, body: error('No credit', '402') }, models, refusesAll],
  ['bad parameters under a good status', { status: 200, body: error('Bad', '400') }, models, refusesOne],
  ['bad parameters', { status: 400, body: error('max_tokens is too large') }, models, refusesOne],
];

describe('the openai gateway', () => {
  it.each(ANSWERS)('tells whom a refusal concerns: %s', async (_name, completion, list, expected) => {
    const server = createServer((request, response) => {
      const { status, body } = request.method === 'GET' ? list : completion;
      request.resume();
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    const baseUrl = `http://127.0.0.1:${await listen(server)}/v1`;
    const gateway = createOpenaiGateway({ baseUrl, apiKey: undefined });
    const hooks = testHooks();
    expect(await gateway.send(aCall('x'), hooks)).toMatchObject(expected);
    // An accepted call would end the outage of the gateway.
    if (expected === refusesAll) expect(hooks.accepted).toEqual([]);
    await gateway.close();
    await closeServer(server);
  });
});
