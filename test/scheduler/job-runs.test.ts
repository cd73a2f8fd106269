import { describe, expect, it } from 'vitest';
import { createInstrument, type Signal } from '../../src/kernel/instrument.js';
import { createJobRuns, type JobRunRecord } from '../../src/scheduler/job-runs.js';
import { CountingJob } from './counting-job.js';

function setUp() {
  const job = new CountingJob('job', 5_000);
  const instrument = createInstrument();
  const signals: Signal[] = [];
  instrument.listen((signal) => signals.push(signal));
  const records: JobRunRecord[] = [];
  const world = {
    now: 1_000_000,
    isPaused: false,
    pauseFault: null as Error | null,
    recordFault: null as Error | null,
  };
  const runs = createJobRuns(job, {
    instrument,
    clock: { now: () => world.now },
    async isPaused() {
      if (world.pauseFault !== null) throw world.pauseFault;
      return world.isPaused;
    },
    async record(run) {
      if (world.recordFault !== null) throw world.recordFault;
      records.push(run);
    },
  });
  const reported = () =>
    signals.filter(({ level }) => level !== 'debug').map(({ name, facts }) => [name, facts.error]);
  return { job, runs, world, signals, records, reported };
}

describe('a run of a job', () => {
  it('does not start while the job is paused', async () => {
    const { job, runs, world, records } = setUp();
    world.isPaused = true;
    expect(await runs.runIfActive()).toBe(5_000);
    expect([job.runs, records]).toEqual([0, []]);
    world.isPaused = false;
    await runs.runIfActive();
    expect(job.runs).toBe(1);
  });

  it('returns the pause that the job asks for, between 0 and the interval', async () => {
    const { job, runs } = setUp();
    const pauseAfter = (nextInMs: number | undefined) => {
      job.outcome = { handled: 0, nextInMs };
      return runs.runIfActive();
    };
    expect(await pauseAfter(undefined)).toBe(5_000);
    expect(await pauseAfter(70_000)).toBe(5_000);
    expect(await pauseAfter(120.2)).toBe(121);
    expect(await pauseAfter(-3)).toBe(0);
    expect(await pauseAfter(Number.POSITIVE_INFINITY)).toBe(5_000);
  });

  it('is followed by the interval after a failure, which is reported once for the same error, as is the recovery', async () => {
    const { job, runs, reported } = setUp();
    const [first, second] = [new Error('first'), new Error('second')];
    for (const outcome of [
      first,
      first,
      second,
      first,
      { handled: 0, nextInMs: 1 },
      { handled: 0 },
      second,
    ]) {
      job.outcome = outcome;
      expect(await runs.runIfActive()).toBe('handled' in outcome && outcome.nextInMs ? 1 : 5_000);
    }
    expect(reported()).toEqual([
      ['job.failed', first],
      ['job.failed', second],
      ['job.failed', first],
      ['job.recovered', undefined],
      ['job.failed', second],
    ]);
  });

  it('fails if it is unknown whether the job is paused, so that a pause is never ignored', async () => {
    const { job, runs, world, reported } = setUp();
    world.pauseFault = new Error('no database');
    expect(await runs.runIfActive()).toBe(5_000);
    expect(job.runs).toBe(0);
    expect(reported()).toEqual([['job.failed', world.pauseFault]]);
  });
});

describe('the record of runs', () => {
  it('is written after a run that handled something, when the error changes, and otherwise every 30 seconds', async () => {
    const { job, runs, world, records } = setUp();
    const run = async (outcome: typeof job.outcome, afterMs = 10) => {
      world.now += afterMs;
      job.outcome = outcome;
      await runs.runIfActive();
      return records.length;
    };
    expect(await run({ handled: 0 })).toBe(1);
    expect(await run({ handled: 0 })).toBe(1);
    expect(await run({ handled: 2 })).toBe(2);
    expect(await run({ handled: 0 }, 29_000)).toBe(2);
    expect(await run({ handled: 0 }, 1_000)).toBe(3);
    expect(await run(new Error('broken'))).toBe(4);
    expect(await run(new Error('broken in another place'))).toBe(4);
    expect(await run({ handled: 0 })).toBe(5);
    expect(records.map(({ handled, error }) => [handled, error])).toEqual([
      [0, null],
      [2, null],
      [0, null],
      [0, 'The job failed (Error); the log has the error.'],
      [0, null],
    ]);
  });

  it('contains the type and code of an error, and nothing that a reader of the API must not see', async () => {
    const { job, runs, records } = setUp();
    job.outcome = Object.assign(new TypeError('SELECT secret FROM api_keys'), { code: '42P01' });
    await runs.runIfActive();
    expect(records[0]!.error).toBe('The job failed (TypeError 42P01); the log has the error.');
  });

  it('may fail without an effect on the run, and is retried with the next one', async () => {
    const { job, runs, world, records, signals, reported } = setUp();
    job.outcome = { handled: 0, nextInMs: 7 };
    world.recordFault = new Error('no table');
    expect(await runs.runIfActive()).toBe(7);
    expect(reported()).toEqual([]);
    expect(signals.map(({ name }) => name)).toEqual(['job.finished', 'job.record_failed']);
    world.recordFault = null;
    await runs.runIfActive();
    expect(records).toHaveLength(1);
  });
});
