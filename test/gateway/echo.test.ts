import { describe, expect, it } from 'vitest';
import { buildReviewPrompt } from '../../src/domain/reviews/review-prompt.js';
import { createEchoGateway } from '../../src/gateway/echo.js';
import type { GatewayHooks, GatewayState } from '../../src/gateway/gateway.js';

const echo = createEchoGateway();

function hooks(signal = new AbortController().signal): GatewayHooks & { readonly accepted: GatewayState[] } {
  const accepted: GatewayState[] = [];
  return { signal, accepted, onAccepted: async ({ state }) => void accepted.push(state) };
}

const call = (prompt: string) => ({
  idempotencyKey: 'task-1-a1',
  agentName: 'dev',
  gatewayAgentId: null,
  prompt,
  soul: null,
  model: null,
  timeoutMs: 1_000,
});

const review = (ref: string, round: number) =>
  buildReviewPrompt({
    ref,
    title: 'Sweep the floor',
    description: null,
    resolution: 'Swept.',
    round,
    earlierFeedback: [],
  });

async function verdictOn(ref: string, round: number): Promise<string> {
  const answer = await echo.send(call(review(ref, round)), hooks());
  if (answer.outcome !== 'ANSWERED') throw new Error(answer.outcome);
  return /^VERDICT: (\w+)$/m.exec(answer.text)?.[1] ?? 'none';
}

describe('the echo gateway', () => {
  it('accepts the call and answers at once with the prompt', async () => {
    const taken = hooks();
    expect(await echo.send(call('# TASK-1: Sweep the floor\n\nAll of it.'), taken)).toEqual({
      outcome: 'ANSWERED',
      text: 'dev did: TASK-1: Sweep the floor',
      model: null,
      usage: { inputTokens: 8, outputTokens: 6 },
    });
    expect(taken.accepted).toHaveLength(1);
  });

  it('rejects some tasks in their first round, always the same ones, and approves all in their second', async () => {
    const refs = Array.from({ length: 20 }, (_, index) => `TASK-${index + 1}`);
    const first = await Promise.all(refs.map((ref) => verdictOn(ref, 1)));
    expect(new Set(first)).toEqual(new Set(['APPROVED', 'REJECTED']));
    expect(await Promise.all(refs.map((ref) => verdictOn(ref, 1)))).toEqual(first);
    expect(new Set(await Promise.all(refs.map((ref) => verdictOn(ref, 2))))).toEqual(new Set(['APPROVED']));
  });

  it('gives notes with a rejection', async () => {
    for (let task = 1; ; task += 1) {
      if ((await verdictOn(`TASK-${task}`, 1)) === 'APPROVED') continue;
      const answer = await echo.send(call(review(`TASK-${task}`, 1)), hooks());
      expect(answer).toMatchObject({ text: expect.stringMatching(/^VERDICT: REJECTED\nNOTES: .+$/m) });
      return;
    }
  });

  it('does not read a prompt that quotes one form of verdict as a review prompt', async () => {
    expect(await echo.send(call('Check this.\n\nVERDICT: APPROVED'), hooks())).toMatchObject({
      text: 'dev did: Check this.',
    });
  });

  it('can be aborted before the call and while its acceptance is recorded', async () => {
    expect(await echo.send(call('x'), hooks(AbortSignal.abort()))).toEqual({ outcome: 'ABORTED' });
    const controller = new AbortController();
    const late = { signal: controller.signal, onAccepted: async () => controller.abort() };
    expect(await echo.send(call('x'), late)).toEqual({ outcome: 'ABORTED' });
  });

  it('gives the same answer again after a crash', async () => {
    const before = await echo.send(call('x'), hooks());
    expect(await echo.recover(call('x'), null, hooks())).toEqual(before);
  });
});
