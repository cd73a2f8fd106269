import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../../src/gateway/gateway.js';
import { createOpenaiGateway } from '../../../src/gateway/openai/openai.js';
import { Secret } from '../../../src/kernel/secret.js';
import { type FakeOpenai, startFakeOpenai } from '../../support/gateways/fake-openai.js';
import { aCall, testHooks } from '../conformance.js';
import type { RecordedCase } from './recorded-case.js';
import { ERRORS } from './recorded-errors.js';
import { STREAMS } from './recorded-streams.js';
import { WHOLE_ANSWERS } from './recorded-wholes.js';

const KEY = 'sk-the-key-of-the-tests';

describe('the openai gateway and what endpoints really send', () => {
  let fake: FakeOpenai;
  let gateway: Gateway;
  beforeAll(async () => {
    fake = await startFakeOpenai(KEY);
    gateway = createOpenaiGateway({ baseUrl: fake.baseUrl, apiKey: new Secret(KEY) });
  });
  afterAll(async () => {
    await gateway.close();
    await fake.close();
  });

  async function check({ means, ...recorded }: RecordedCase) {
    fake.replay(recorded);
    const { error, ...rest } = means;
    const expected = error === undefined ? rest : { ...rest, error: expect.stringContaining(error) };
    expect(await gateway.send(aCall('Do it.'), testHooks())).toMatchObject(expected);
  }

  it.each([...STREAMS, ...WHOLE_ANSWERS])('understands $endpoint: $sends', check);

  it.each(ERRORS)('explains the error of $endpoint: $sends', check);
});
