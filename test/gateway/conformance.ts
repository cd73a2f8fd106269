import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MAX_ANSWER_LENGTH } from '../../src/gateway/answer-text.js';
import type {
  Gateway,
  GatewayAnswer,
  GatewayCall,
  GatewayHooks,
  GatewayState,
} from '../../src/gateway/gateway.js';

/** What the far side is told to do, in double brackets in the prompt. */
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
  | 'nobody-there';

/** What stands behind a gateway in a test. */
export interface FarSide {
  readonly gateway: Gateway;
  /** The same with a credential that the far side refuses, and with nobody at the far side; where that can be. */
  readonly withWrongToken?: Gateway;
  readonly withNobodyThere?: Gateway;
  /** Must never be seen. */
  readonly secret: string;
  /** How many calls have ever begun at the far side. */
  begun(): number;
  /** How many it is at. */
  atWork(): number;
  close(): Promise<void>;
}

/** What each scenario comes to; a scenario that can't happen with a gateway is left out. */
export type Expectations = Partial<Record<Scenario, Partial<GatewayAnswer>>>;

let calls = 0;

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

export interface TestHooks extends GatewayHooks {
  readonly accepted: { readonly gatewayRunId: string | null; readonly state: GatewayState }[];
  abort(): void;
}

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

/** What every gateway owes whoever calls it, whatever happens at the far side. */
export function describeConformance(
  name: string,
  open: () => Promise<FarSide>,
  expectations: Expectations,
): void {
  describe(`the ${name} gateway, as every gateway`, () => {
    let far: FarSide;
    beforeAll(async () => {
      far = await open();
    });
    afterAll(async () => {
      await Promise.all(gatewaysOf(far).map((gateway) => gateway.close()));
      await far.close();
    });
    const atRest = () => vi.waitFor(() => expect(far.atWork()).toBe(0), 20_000);
    const atWork = (count: number) =>
      vi.waitFor(() => expect(far.atWork()).toBeGreaterThanOrEqual(count), 20_000);

    function gatewayFor(scenario: Scenario): Gateway {
      const special = { 'wrong-token': far.withWrongToken, 'nobody-there': far.withNobodyThere };
      return special[scenario as keyof typeof special] ?? far.gateway;
    }

    for (const [scenario, expected] of Object.entries(expectations) as [Scenario, object][])
      it(`makes ${Object.values(expected)[0]} of "${scenario}"`, async () => {
        const hooks = testHooks();
        const more = scenario === 'unknown-agent' ? { gatewayAgentId: 'ghost' } : {};
        const answer = await gatewayFor(scenario).send(aCall(`Do it. [[${scenario}]]`, more), hooks);
        expect(answer).toMatchObject(expected);
        expect(JSON.stringify(answer)).not.toContain(far.secret);
        expect(hooks.accepted.length).toBeLessThanOrEqual(1);
        if (answer.outcome === 'ANSWERED') {
          expect(hooks.accepted).toHaveLength(1);
          expect(answer.text.length).toBeLessThanOrEqual(MAX_ANSWER_LENGTH);
          expect(answer.text).not.toContain('\u0000');
        }
        if (answer.outcome === 'NOT_BEGUN') expect(hooks.accepted).toHaveLength(0);
        await atRest();
      });

    it('gives each of many calls at once its own answer', async () => {
      const prompts = Array.from({ length: 6 }, (_, index) => `Job ${index}. [[good]]`);
      const answers = await Promise.all(
        prompts.map((prompt) => far.gateway.send(aCall(prompt), testHooks())),
      );
      for (const [index, answer] of answers.entries())
        expect(answer).toMatchObject({ outcome: 'ANSWERED', text: expect.stringContaining(`Job ${index}.`) });
    });

    it('waits for the record of the acceptance before it gives the answer', async () => {
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
      const answer = far.gateway.send(aCall('[[good]]'), hooks).then(() => order.push('answered'));
      await asked;
      finish();
      await answer;
      expect(order).toEqual(['recorded', 'answered']);
    });

    it('ends the call at the far side and rejects when the acceptance can not be recorded', async () => {
      const hooks = { ...testHooks(), onAccepted: () => Promise.reject(new Error('no database')) };
      await expect(far.gateway.send(aCall('[[hang]]'), hooks)).rejects.toThrow('no database');
      await atRest();
    });

    it('sends nothing for a call that is over before it begins', async () => {
      const begun = far.begun();
      const hooks = testHooks();
      hooks.abort();
      expect(await far.gateway.send(aCall('[[good]]'), hooks)).toEqual({ outcome: 'ABORTED' });
      expect(far.begun()).toBe(begun);
    });

    it('ends a call at the far side when it is aborted in mid-run', async () => {
      const hooks = testHooks();
      const answer = far.gateway.send(aCall('[[hang]]'), hooks);
      await atWork(1);
      await vi.waitFor(() => expect(hooks.accepted).toHaveLength(1), 20_000);
      hooks.abort();
      expect(await answer).toEqual({ outcome: 'ABORTED' });
      await atRest();
    });

    it('ends a call at the far side when its time is over', async () => {
      const answer = await far.gateway.send(aCall('[[hang]]', { timeoutMs: 1_000 }), testHooks());
      expect(answer).toMatchObject({ outcome: 'TIMED_OUT', error: expect.stringMatching(/\w/) });
      await atRest();
    });

    it('can be asked what became of a call that nobody heard of', async () => {
      const recovered = await far.gateway.recover(aCall('[[good]]'), null, testHooks());
      expect(['UNKNOWN', 'NOT_BEGUN', 'ANSWERED']).toContain(recovered.outcome);
    });

    it('says that the far side answers, and why not if it does not', async () => {
      const { signal } = new AbortController();
      expect(await far.gateway.probe(signal)).toEqual({ reachable: true, error: null });
      for (const gateway of gatewaysOf(far).slice(1)) {
        const { reachable, error } = await gateway.probe(signal);
        expect({ reachable, error }).toEqual({ reachable: false, error: expect.stringMatching(/\w/) });
        expect(error).not.toContain(far.secret);
      }
    });

    it('ends what is under way when it is closed, twice if need be, and takes nothing more', async () => {
      const other = await open();
      const answer = other.gateway.send(aCall('[[hang]]'), testHooks());
      await vi.waitFor(() => expect(other.atWork()).toBeGreaterThanOrEqual(1), 20_000);
      await Promise.all([other.gateway.close(), other.gateway.close()]);
      expect(await answer).toEqual({ outcome: 'ABORTED' });
      await vi.waitFor(() => expect(other.atWork()).toBe(0), 20_000);
      expect(await other.gateway.send(aCall('[[good]]'), testHooks())).toEqual({ outcome: 'ABORTED' });
      await Promise.all(gatewaysOf(other).map((gateway) => gateway.close()));
      await other.close();
    });
  });
}

/** The good one first. */
function gatewaysOf({ gateway, withWrongToken, withNobodyThere }: FarSide): Gateway[] {
  return [gateway, withWrongToken, withNobodyThere].filter((each) => each !== undefined);
}
