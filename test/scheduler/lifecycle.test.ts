import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Scheduler } from '../../src/scheduler/scheduler.js';
import { aScheduler, CountingJob, until } from './counting-job.js';

describe('a scheduler that is started and stopped', () => {
  it('waits during a stop for the current run, and starts no other after it', async () => {
    const [held, other] = [new CountingJob('held'), new CountingJob('other', 1)];
    const { scheduler } = aScheduler([held]);
    const bystander = aScheduler([other]).scheduler;
    held.hold();
    await Promise.all([scheduler.start(), bystander.start()]);
    await held.hasRun(1);
    scheduler.wake();
    const order: string[] = [];
    const stop = scheduler.stop().then(() => order.push('stopped'));
    await other.hasRun(10);
    order.push('let go');
    held.letGo();
    await stop;
    expect(order).toEqual(['let go', 'stopped']);
    scheduler.wake();
    await other.hasRun(other.runs + 10);
    expect([held.runs, held.running]).toEqual([1, 0]);
    await bystander.stop();
  });

  it('ends a long pause at once when it is stopped', async () => {
    const job = new CountingJob('job');
    const { scheduler } = aScheduler([job]);
    await scheduler.start();
    await until(() => scheduler.nextRunInMs('job') !== null);
    await scheduler.stop();
    expect(job.runs).toBe(1);
  });

  it('can be started twice and stopped twice, at the same time and before the first start', async () => {
    const job = new CountingJob('job');
    const { scheduler } = aScheduler([job]);
    await Promise.all([scheduler.stop(), scheduler.stop()]);
    await Promise.all([scheduler.start(), scheduler.start()]);
    await job.hasRun(1);
    await Promise.all([scheduler.stop(), scheduler.stop()]);
    await scheduler.stop();
    expect([job.runs, job.mostAtOnce]).toEqual([1, 1]);
    await scheduler.start();
    await job.hasRun(2);
    await scheduler.stop();
  });

  const calls = {
    start: (scheduler: Scheduler) => scheduler.start(),
    stop: (scheduler: Scheduler) => scheduler.stop(),
    wake: (scheduler: Scheduler) => scheduler.wake(),
    runOnce: (scheduler: Scheduler) => scheduler.runOnce('steady'),
    wait: () => undefined,
  };
  const names = Object.keys(calls) as (keyof typeof calls)[];

  it('follows the last call, after any rapid sequence of calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...names), { maxLength: 30 }), async (sequence) => {
        const [quick, steady] = [new CountingJob('quick', 1), new CountingJob('steady')];
        const { scheduler } = aScheduler([quick, steady]);
        const pending: unknown[] = [];
        for (const name of sequence) {
          pending.push(calls[name](scheduler));
          if (name === 'wait') await Promise.resolve();
        }
        await Promise.all(pending);
        if (sequence.findLast((name) => name === 'start' || name === 'stop') === 'start') {
          await quick.hasRun(quick.runs + 2);
        }
        await scheduler.stop();
        const runs = [quick.runs, steady.runs];
        scheduler.wake();
        await scheduler.stop();
        expect([quick.runs, steady.runs]).toEqual(runs);
        expect(Math.max(quick.mostAtOnce, steady.mostAtOnce)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});
