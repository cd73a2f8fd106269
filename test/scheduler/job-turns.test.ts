import { describe, expect, it } from 'vitest';
import { createInstrument, type Signal } from '../../src/kernel/instrument.js';
import { createJobTurns, type TurnRecord } from '../../src/scheduler/job-turns.js';
import { CountingJob } from './fixture.js';

function aTurnTaker() {
  const job = new CountingJob('job', 5_000);
  const instrument = createInstrument();
  const signals: Signal[] = [];
  instrument.listen((signal) => signals.push(signal));
  const records: TurnRecord[] = [];
  const world = {
    now: 1_000_000,
    isPaused: false,
    pauseFault: null as Error | null,
    recordFault: null as Error | null,
  };
  const turns = createJobTurns(job, {
    instrument,
    clock: { now: () => world.now },
    async isPaused() {
      if (world.pauseFault !== null) throw world.pauseFault;
      return world.isPaused;
    },
    async record(turn) {
      if (world.recordFault !== null) throw world.recordFault;
      records.push(turn);
    },
  });
  const told = () =>
    signals.filter(({ level }) => level !== 'debug').map(({ name, facts }) => [name, facts.error]);
  return { job, turns, world, signals, records, told };
}

describe('a turn', () => {
  it('is not taken while the job is paused', async () => {
    const { job, turns, world, records } = aTurnTaker();
    world.isPaused = true;
    expect(await turns.takeIfDue()).toBe(5_000);
    expect([job.turns, records]).toEqual([0, []]);
    world.isPaused = false;
    await turns.takeIfDue();
    expect(job.turns).toBe(1);
  });

  it('answers with the rest that the job asks for, between nothing and the interval', async () => {
    const { job, turns } = aTurnTaker();
    const restAfter = (nextInMs: number | undefined) => {
      job.outcome = { handled: 0, nextInMs };
      return turns.takeIfDue();
    };
    expect(await restAfter(undefined)).toBe(5_000);
    expect(await restAfter(70_000)).toBe(5_000);
    expect(await restAfter(120.2)).toBe(121);
    expect(await restAfter(-3)).toBe(0);
    expect(await restAfter(Number.POSITIVE_INFINITY)).toBe(5_000);
  });

  it('that fails rests for the interval and is told once for the same fault, and once when all is well again', async () => {
    const { job, turns, told } = aTurnTaker();
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
      expect(await turns.takeIfDue()).toBe('handled' in outcome && outcome.nextInMs ? 1 : 5_000);
    }
    expect(told()).toEqual([
      ['job.failed', first],
      ['job.failed', second],
      ['job.failed', first],
      ['job.recovered', undefined],
      ['job.failed', second],
    ]);
  });

  it('fails where nobody can say whether the job is paused: a pause is never overlooked', async () => {
    const { job, turns, world, told } = aTurnTaker();
    world.pauseFault = new Error('no database');
    expect(await turns.takeIfDue()).toBe(5_000);
    expect(job.turns).toBe(0);
    expect(told()).toEqual([['job.failed', world.pauseFault]]);
  });
});

describe('the record of turns', () => {
  it('is written when something was handled, when the error changes, and else every 30 seconds', async () => {
    const { job, turns, world, records } = aTurnTaker();
    const turn = async (outcome: typeof job.outcome, afterMs = 10) => {
      world.now += afterMs;
      job.outcome = outcome;
      await turns.takeIfDue();
      return records.length;
    };
    expect(await turn({ handled: 0 })).toBe(1);
    expect(await turn({ handled: 0 })).toBe(1);
    expect(await turn({ handled: 2 })).toBe(2);
    expect(await turn({ handled: 0 }, 29_000)).toBe(2);
    expect(await turn({ handled: 0 }, 1_000)).toBe(3);
    expect(await turn(new Error('broken'))).toBe(4);
    expect(await turn(new Error('broken in another place'))).toBe(4);
    expect(await turn({ handled: 0 })).toBe(5);
    expect(records.map(({ handled, error }) => [handled, error])).toEqual([
      [0, null],
      [2, null],
      [0, null],
      [0, 'It failed (Error); the log says how.'],
      [0, null],
    ]);
  });

  it('holds the kind of a fault and its code, and nothing that a reader of the API must not see', async () => {
    const { job, turns, records } = aTurnTaker();
    job.outcome = Object.assign(new TypeError('SELECT secret FROM api_keys'), { code: '42P01' });
    await turns.takeIfDue();
    expect(records[0]!.error).toBe('It failed (TypeError 42P01); the log says how.');
  });

  it('may fail without harm to the turn, and is tried again with the next one', async () => {
    const { job, turns, world, records, signals, told } = aTurnTaker();
    job.outcome = { handled: 0, nextInMs: 7 };
    world.recordFault = new Error('no table');
    expect(await turns.takeIfDue()).toBe(7);
    expect(told()).toEqual([]);
    expect(signals.map(({ name }) => name)).toEqual(['job.finished', 'job.record_failed']);
    world.recordFault = null;
    await turns.takeIfDue();
    expect(records).toHaveLength(1);
  });
});
