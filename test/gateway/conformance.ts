import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_ANSWER_LENGTH } from '../../src/gateway/answer-text.js';
import type {
  Gateway,
  GatewayAnswer,
  GatewayCall,
  GatewayHooks,
  GatewayState,
} from '../../src/gateway/gateway.js';

/** What the fake remote side does. The name is in double brackets in the prompt. */
export type Scenario =
  | 'good'
  | 'empty'
  | 'error'
  | 'server-error'
  | 'slow'
  | 'disconnect'
  | 'drop-before-ack'
  | 'drop-after-ack'
  | 'duplicate'
  | 'oversize'
  | 'garbage'
  | 'unknown-agent'
  | 'wrong-token'
  | 'unreachable';

/** A gateway in a test, with its fake remote side. */
export interface GatewayFixture {
  readonly gateway: Gateway;
  /** The same gateway with a refused credential, and with an unreachable address, if the gateway has them. */
  readonly withWrongToken?: Gateway;
  readonly unreachable?: Gateway;
  /** A credential that must never be shown. */
  readonly secret: string;
  /** Number of calls that have begun at the remote side. */
  countBegun(): number;
  /** Number of calls under way at the remote side. */
  countUnderWay(): number;
  close(): Promise<void>;
}

/** The outcome of each scenario. A scenario that is impossible with a gateway is omitted. */
export type Expectations = Partial<Record<Scenario, Partial<GatewayAnswer>>>;

let calls = 0;

/** Creates a call with an idempotency key of its own. */
export function aCall(prompt: string, more: Partial<GatewayCall> = {}): GatewayCall {
  calls += 1;
  return {
    idempotencyKey: `task-${calls}-a1`,
    agentName: 'Scout',
    gatewayAgentId: null,
    prompt,
    soul: null,
    model: 'stub/fast',
    timeoutMs: 20_000,
    ...more,
  };
}

/** Hooks that record acceptances and can abort the call. */
export interface TestHooks extends GatewayHooks {
  readonly accepted: { readonly gatewayRunId: string | null; readonly state: GatewayState }[];
  abort(): void;
}

/** Creates hooks for one call. */
export function testHooks(): TestHooks {
  const controller = new AbortController();
  const accepted: TestHooks['accepted'] = [];
  return {
    signal: controller.signal,
    accepted,
    onAccepted: async (acceptance) => void accepted.push(acceptance),
    abort: () => controller.abort(),
  };
}

/** The tests that every gateway has to pass. */
export function describeConformance(
  name: string,
  open: () => Promise<GatewayFixture>,
  expectations: Expectations,
): void {
  describe(`the ${name} gateway, like every gateway`, () => {
    let fixture: GatewayFixture;
    beforeAll(async () => {
      fixture = await open();
    });
    afterAll(async () => {
      await Promise.all(gatewaysOf(fixture).map((gateway) => gateway.close()));
      await fixture.close();
    });
    const expectIdle = () => vi.waitFor(() => expect(fixture.countUnderWay()).toBe(0), 20_000);
    const waitUntilUnderWay = (count: number) =>
      vi.waitFor(() => expect(fixture.countUnderWay()).toBeGreaterThanOrEqual(count), 20_000);

    function gatewayFor(scenario: Scenario): Gateway {
      const special = { 'wrong-token': fixture.withWrongToken, unreachable: fixture.unreachable };
      return special[scenario as keyof typeof special] ?? fixture.gateway;
    }

    for (const [scenario, expected] of Object.entries(expectations) as [Scenario, object][])
      it(`returns ${Object.values(expected)[0]} for "${scenario}"`, async () => {
        const hooks = testHooks();
        const more = scenario === 'unknown-agent' ? { gatewayAgentId: 'ghost' } : {};
        const answer = await gatewayFor(scenario).send(aCall(`Do it. [[${scenario}]]`, more), hooks);
        expect(answer).toMatchObject(expected);
        expect(JSON.stringify(answer)).not.toContain(fixture.secret);
        expect(hooks.accepted.length).toBeLessThanOrEqual(1);
        if (answer.outcome === 'ANSWERED') {
          expect(hooks.accepted).toHaveLength(1);
          expect(answer.text.length).toBeLessThanOrEqual(MAX_ANSWER_LENGTH);
          expect(answer.text).not.toContain('\u0000');
        }
        if (answer.outcome === 'NOT_BEGUN') expect(hooks.accepted).toHaveLength(0);
        await expectIdle();
      });

    it('gives each of many concurrent calls its own answer', async () => {
      const prompts = Array.from({ length: 6 }, (_, index) => `Job ${index}. [[good]]`);
      const answers = await Promise.all(
        prompts.map((prompt) => fixture.gateway.send(aCall(prompt), testHooks())),
      );
      for (const [index, answer] of answers.entries())
        expect(answer).toMatchObject({ outcome: 'ANSWERED', text: expect.stringContaining(`Job ${index}.`) });
    });

    it('waits for the record of the acceptance before it returns the answer', async () => {
      const order: string[] = [];
      let recorded: () => void = () => undefined;
      const asked = new Promise<void>((resolve) => {
        recorded = resolve;
      });
      let finish: () => void = () => undefined;
      const hooks = {
        ...testHooks(),
        async onAccepted() {
          recorded();
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          order.push('recorded');
        },
      };
      const answer = fixture.gateway.send(aCall('[[good]]'), hooks).then(() => order.push('answered'));
      await asked;
      finish();
      await answer;
      expect(order).toEqual(['recorded', 'answered']);
    });

    it('ends the call at the remote side and rejects if the acceptance cannot be recorded', async () => {
      const hooks = { ...testHooks(), onAccepted: () => Promise.reject(new Error('no database')) };
      await expect(fixture.gateway.send(aCall('[[hang]]'), hooks)).rejects.toThrow('no database');
      await expectIdle();
    });

    it('sends nothing for a call that is aborted before it begins', async () => {
      const before = fixture.countBegun();
      const hooks = testHooks();
      hooks.abort();
      expect(await fixture.gateway.send(aCall('[[good]]'), hooks)).toEqual({ outcome: 'ABORTED' });
      expect(fixture.countBegun()).toBe(before);
    });

    it('ends a call at the remote side when it is aborted during its run', async () => {
      const hooks = testHooks();
      const answer = fixture.gateway.send(aCall('[[hang]]'), hooks);
      await waitUntilUnderWay(1);
      await vi.waitFor(() => expect(hooks.accepted).toHaveLength(1), 20_000);
      hooks.abort();
      expect(await answer).toMatchObject({ outcome: 'ABORTED' });
      await expectIdle();
    });

    it('ends a call at the remote side when it times out', async () => {
      const answer = await fixture.gateway.send(aCall('[[hang]]', { timeoutMs: 1_000 }), testHooks());
      expect(answer).toMatchObject({ outcome: 'TIMED_OUT', error: expect.stringMatching(/\w/) });
      await expectIdle();
    });

    it('can recover a call without a recorded acceptance', async () => {
      const recovered = await fixture.gateway.recover(aCall('[[good]]'), null, testHooks());
      expect(['UNKNOWN', 'NOT_BEGUN', 'ANSWERED']).toContain(recovered.outcome);
    });

    it('reports that the remote side answers, or why it does not', async () => {
      const { signal } = new AbortController();
      expect(await fixture.gateway.probe(signal)).toEqual({ reachable: true, error: null });
      for (const gateway of gatewaysOf(fixture).slice(1)) {
        const { reachable, error } = await gateway.probe(signal);
        expect({ reachable, error }).toEqual({ reachable: false, error: expect.stringMatching(/\w/) });
        expect(error).not.toContain(fixture.secret);
      }
    });

    it('ends all calls when it is closed, even twice, and accepts no more', async () => {
      const other = await open();
      const answer = other.gateway.send(aCall('[[hang]]'), testHooks());
      await vi.waitFor(() => expect(other.countUnderWay()).toBeGreaterThanOrEqual(1), 20_000);
      await Promise.all([other.gateway.close(), other.gateway.close()]);
      expect(await answer).toMatchObject({ outcome: 'ABORTED' });
      await vi.waitFor(() => expect(other.countUnderWay()).toBe(0), 20_000);
      expect(await other.gateway.send(aCall('[[good]]'), testHooks())).toEqual({ outcome: 'ABORTED' });
      await Promise.all(gatewaysOf(other).map((gateway) => gateway.close()));
      await other.close();
    });
  });
}

/** The working gateway first. */
function gatewaysOf({ gateway, withWrongToken, unreachable }: GatewayFixture): Gateway[] {
  return [gateway, withWrongToken, unreachable].filter((each) => each !== undefined);
}
