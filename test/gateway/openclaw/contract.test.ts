import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createOpenclawGateway } from '../../../src/gateway/openclaw/openclaw.js';
import { Secret } from '../../../src/kernel/secret.js';
import { type FakeOpenclaw, startFakeOpenclaw } from '../../support/gateways/fake-openclaw.js';
import { aCall, testHooks } from '../conformance.js';

type PublishedSchema = Parameters<typeof z.fromJSONSchema>[0];

const published: { frame: PublishedSchema; params: Record<string, PublishedSchema> } = JSON.parse(
  readFileSync(new URL('published-requests.schema.json', import.meta.url), 'utf8'),
);
const frame = z.fromJSONSchema(published.frame);
const paramsOf = new Map(
  Object.entries(published.params).map(([method, schema]) => [method, z.fromJSONSchema(schema)]),
);
const withoutSchema = ['health'];

/** The gateway refuses a request with a property that its schema does not have. */
describe('every request to OpenClaw', () => {
  let fake: FakeOpenclaw;
  beforeAll(async () => {
    // Without admin, so that a run of a lost connection is cancelled by its task.
    fake = await startFakeOpenclaw({ token: 'token', grants: ['operator.read', 'operator.write'] });
  });
  afterAll(() => fake.close());

  it('matches the schema that the gateway publishes', async () => {
    const gateway = createOpenclawGateway({ url: fake.url, token: new Secret('token') });
    const soul = 'You are careful.';
    await gateway.probe(new AbortController().signal);
    await gateway.send(aCall('[[drop-after-ack]]', { soul }), testHooks());
    const hooks = testHooks();
    const answer = gateway.send(aCall('[[hang]]'), hooks);
    await vi.waitFor(() => expect(hooks.accepted).toHaveLength(1), 20_000);
    fake.cut();
    await vi.waitFor(
      () => expect(fake.requests.filter(({ method }) => method === 'connect')).toHaveLength(3),
      20_000,
    );
    hooks.abort();
    expect(await answer).toEqual({ outcome: 'ABORTED' });
    await gateway.close();

    const asked = new Set(fake.requests.map(({ method }) => method));
    expect(asked).toEqual(new Set([...paramsOf.keys(), ...withoutSchema]));
    for (const request of fake.requests) {
      expect(findIssues(frame, request), JSON.stringify(request)).toEqual([]);
      const params = paramsOf.get(request.method);
      if (params === undefined) continue;
      expect(findIssues(params, request.params), JSON.stringify(request)).toEqual([]);
      const withUnknown = Object.assign({ ofNoSchema: true }, request.params);
      expect(findIssues(params, withUnknown), request.method).not.toEqual([]);
    }
  });
});

function findIssues(schema: z.ZodType, value: unknown): readonly unknown[] {
  return schema.safeParse(value).error?.issues ?? [];
}
