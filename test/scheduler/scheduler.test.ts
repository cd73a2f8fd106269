import { describe, expect, it, onTestFinished } from 'vitest';
import { aScheduler, CountingJob, until } from './counting-job.js';

/** Starts a scheduler that stops with the test. */
async function running(...jobs: CountingJob[]) {
  const made = aScheduler(jobs);
  onTestFinished(async () => {
    for (const job of jobs) job.letGo();
    await made.scheduler.stop();
  });
  await made.scheduler.start();
  return made;
}

describe('a scheduler', () => {
  it('runs each job when it starts, then pauses until it is woken', async () => {
    const [first, second] = [new CountingJob('first'), new CountingJob('second')];
    const { scheduler } = await running(first, second);
    await Promise.all([first.hasRun(1), second.hasRun(1)]);
    await until(() => scheduler.nextRunInMs('first') !== null && scheduler.nextRunInMs('second') !== null);
    scheduler.wake('second');
    await second.hasRun(2);
    scheduler.wake();
    await Promise.all([first.hasRun(2), second.hasRun(3)]);
  });

  it('runs a job once more for all wakes during a run', async () => {
    const job = new CountingJob('job');
    job.hold();
    const { scheduler } = await running(job);
    await job.hasRun(1);
    for (let i = 0; i < 10; i += 1) scheduler.wake('job');
    job.letGo();
    await job.hasRun(2);
    await until(() => scheduler.nextRunInMs('job') !== null);
    expect(job.runs).toBe(2);
  });

  it('is not delayed by a job that is slow or fails', async () => {
    const [slow, failing, quick] = [
      new CountingJob('slow'),
      new CountingJob('failing', 5),
      new CountingJob('quick', 5),
    ];
    slow.hold();
    failing.outcome = new Error('broken');
    await running(slow, failing, quick);
    await Promise.all([quick.hasRun(5), failing.hasRun(5)]);
    expect(slow.runs).toBe(1);
  });

  it('pauses as long as the run says, but at most for the interval', async () => {
    const [soon, atOnce, late] = [
      new CountingJob('soon'),
      new CountingJob('atOnce'),
      new CountingJob('late', 5),
    ];
    soon.outcome = { handled: 0, nextInMs: 1.5 };
    atOnce.outcome = { handled: 500, nextInMs: 0 };
    late.outcome = { handled: 0, nextInMs: 80_000_000 };
    await running(soon, atOnce, late);
    await Promise.all([soon.hasRun(3), atOnce.hasRun(3), late.hasRun(3)]);
  });

  it('tells when a job runs next, except while the job runs or the scheduler is stopped', async () => {
    const job = new CountingJob('job', 60_000);
    job.hold();
    const { scheduler } = aScheduler([job], { now: () => 0 });
    expect(scheduler.nextRunInMs('job')).toBeNull();
    await scheduler.start();
    await job.hasRun(1);
    expect(scheduler.nextRunInMs('job')).toBeNull();
    job.letGo();
    await until(() => scheduler.nextRunInMs('job') !== null);
    expect(scheduler.nextRunInMs('job')).toBe(60_000);
    await scheduler.stop();
    expect(scheduler.nextRunInMs('job')).toBeNull();
    expect([scheduler.names, scheduler.everyMs('job')]).toEqual([['job'], 60_000]);
  });

  it('wakes a job for the events that the job names, and a job that was resumed', async () => {
    const [plain, listening] = [new CountingJob('plain'), new CountingJob('listening')];
    const wakingTypes = ['task.created'] as const;
    const isWokenBy = ({ payload }: { payload: unknown }) => payload !== null;
    const { scheduler } = await running(plain, Object.assign(listening, { wakingTypes, isWokenBy }));
    expect(scheduler.wakingTypes).toEqual(['scheduler.resumed', 'task.created']);
    await Promise.all([plain.hasRun(1), listening.hasRun(1)]);
    await until(() => scheduler.nextRunInMs('plain') !== null && scheduler.nextRunInMs('listening') !== null);
    scheduler.notice([
      { type: 'task.created', payload: {} },
      { type: 'task.created', payload: null },
      { type: 'task.updated', payload: {} },
      { type: 'scheduler.resumed', payload: { job: 'unknown' } },
    ]);
    await listening.hasRun(2);
    scheduler.notice([{ type: 'scheduler.resumed', payload: { job: 'plain' } }]);
    await plain.hasRun(2);
    expect(listening.runs).toBe(2);
  });
});

describe('a job run on demand', () => {
  it('runs in a scheduler that was never started, and returns how much it handled', async () => {
    const job = new CountingJob('job');
    job.outcome = { handled: 3 };
    const { scheduler, records } = aScheduler([job]);
    expect(await scheduler.runOnce('job')).toBe(3);
    expect(records).toMatchObject([{ name: 'job', handled: 3, error: null }]);
    scheduler.wake('job');
    expect(job.runs).toBe(1);
  });

  it('runs even while it is paused, and never at the same time as a run of the loop', async () => {
    const job = new CountingJob('job');
    job.hold();
    const { scheduler, paused } = await running(job);
    await job.hasRun(1);
    paused.add('job');
    const demanded = Promise.all([scheduler.runOnce('job'), scheduler.runOnce('job')]);
    job.letGo();
    await demanded;
    expect(job.runs).toBe(3);
    expect(job.mostAtOnce).toBe(1);
  });

  it('rejects with its error, which it does not log, and can run again', async () => {
    const job = new CountingJob('job');
    job.outcome = new Error('broken');
    const { scheduler, signals, records } = aScheduler([job]);
    await expect(scheduler.runOnce('job')).rejects.toBe(job.outcome);
    expect(signals.filter(({ level }) => level !== 'debug')).toEqual([]);
    expect(records).toMatchObject([{ handled: 0, error: 'The job failed (Error); the log has the error.' }]);
    job.outcome = { handled: 1 };
    expect(await scheduler.runOnce('job')).toBe(1);
    await expect(scheduler.runOnce('unknown')).rejects.toThrow('The scheduler has no job unknown');
  });
});
