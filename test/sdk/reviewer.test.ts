import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Client,
  createReviewer,
  HandlerStillRunningError,
  type ReviewerOptions,
  type ReviewRound,
  RunLostError,
  SupersededError,
} from '../../src/sdk/index.js';
import { sdkAgent } from '../support/servers/sdk-client.js';
import { anAgent, fixture, untilTask, useWorkerServer } from '../support/servers/workers.js';

useWorkerServer();

/** A reviewer that judges everything, with a name of its own. */
async function startReviewer(name: string, judge: ReviewerOptions['judge'], graceMs?: number) {
  const client = await sdkAgent(fixture.server, name, { role: 'reviewer' });
  const errors: unknown[] = [];
  const reviewer = createReviewer(client, {
    leaseSeconds: 10,
    judge,
    ...(graceMs === undefined ? {} : { graceMs }),
    onError: (error) => errors.push(error),
  });
  const ended = reviewer.run();
  onTestFinished(() => reviewer.stop());
  return { reviewer, ended, errors };
}

/** A task that waits for a verdict. */
async function aResult(resolution: string) {
  const { name, client } = await anAgent();
  const { task } = await fixture.admin.createTask({ title: 'Judge it', assignee: { name } });
  await handIn(client, resolution);
  return { id: task.id, client };
}

async function handIn(client: Client, resolution: string): Promise<void> {
  const { run } = await client.claimNextTask({ waitSeconds: 10 });
  await client.completeTask({ runId: run!.id, resolution });
}

describe('a reviewer', () => {
  it('rejects with feedback, and approves the next result', async () => {
    const { id, client } = await aResult('half');
    const rounds: number[] = [];
    const { reviewer, ended, errors } = await startReviewer('strict', ({ resolution }, { prompt, round }) => {
      expect(prompt).toContain('VERDICT');
      rounds.push(round);
      return resolution === 'whole'
        ? { verdict: 'APPROVED' }
        : { verdict: 'REJECTED', feedback: 'The rest?' };
    });
    await vi.waitFor(async () => {
      expect((await fixture.admin.task({ ref: { id } }))?.reviewCycles).toBe(1);
    }, 20_000);
    await handIn(client, 'whole');
    await untilTask(id, 'DONE');
    expect(rounds).toEqual([1, 2]);
    expect(errors).toEqual([]);
    await reviewer.stop();
    await ended;
  });

  it('reports an error of its judge and a verdict that is refused, and judges the round again', async () => {
    let attempts = 0;
    const { errors } = await startReviewer('clumsy', () => {
      attempts += 1;
      if (attempts === 1) throw Object.assign(new Error('no model'), { code: 'INVALID' });
      return attempts === 2 ? { verdict: 'REJECTED' } : { verdict: 'APPROVED' };
    });
    const { id } = await aResult('fine');
    await untilTask(id, 'DONE');
    expect(errors).toMatchObject([{ message: 'no model' }, { code: 'INVALID' }]);
  });

  it('stops without a judge that never ends', async () => {
    let isJudging = false;
    const judge = () => {
      isJudging = true;
      return new Promise<never>(() => undefined);
    };
    const { reviewer, ended, errors } = await startReviewer('endless', judge, 100);
    await aResult('good');
    await vi.waitFor(() => expect(isJudging).toBe(true), 20_000);
    await reviewer.stop();
    await ended;
    expect(errors).toEqual([expect.any(HandlerStillRunningError)]);
  });

  it('aborts its judge when a person was faster, and its verdict changes nothing', async () => {
    const reviews: ReviewRound[] = [];
    const { errors } = await startReviewer(
      'slow',
      (_task, review) =>
        new Promise((resolve) => {
          reviews.push(review);
          review.signal.addEventListener('abort', () => resolve({ verdict: 'REJECTED', feedback: 'Late.' }));
        }),
    );
    const { id } = await aResult('good');
    await vi.waitFor(() => expect(reviews).toHaveLength(1), 20_000);
    await sdkAgent(fixture.server, 'person', { role: 'reviewer' });
    const verdict = { task: { id }, round: 1, verdict: 'APPROVED', reviewer: { name: 'person' } } as const;
    await fixture.admin.submitVerdict(verdict);
    await vi.waitFor(() => expect(reviews[0]?.signal.aborted).toBe(true), 20_000);
    expect(reviews[0]?.signal.reason).toBeInstanceOf(RunLostError);
    expect(await fixture.admin.task({ ref: { id } })).toMatchObject({ status: 'DONE' });
    expect(errors.filter((error) => !(error instanceof SupersededError))).toEqual([]);
  });
});
