import { beforeEach, describe, expect, it } from 'vitest';
import type { Signal } from '../../../src/kernel/instrument.js';
import { createInstrument } from '../../../src/kernel/instrument.js';
import { createOutageLog } from '../../../src/services/dispatch/outage-log.js';

let nowMs: number;
let signals: Signal[];
let log: ReturnType<typeof createOutageLog>;

beforeEach(() => {
  nowMs = 1_000_000;
  signals = [];
  const instrument = createInstrument();
  instrument.listen((signal) => signals.push(signal));
  log = createOutageLog(instrument, { now: () => nowMs });
});

const names = () => signals.map(({ name }) => name);
const noteBroken = (gateway = 'llm') =>
  log.noteOutage({ gateway, error: `401, request ${nowMs}`, remedy: 'Check the key.' });
const noteUnreachable = () => log.noteOutage({ gateway: 'llm', error: 'refused', remedy: null });

describe('the log of outages', () => {
  it('has one line for an outage and one for its end', () => {
    for (let minute = 0; minute < 5; minute += 1) {
      noteBroken();
      nowMs += 60_000;
    }
    log.noteEnd('llm');
    log.noteEnd('llm');
    expect(names()).toEqual(['gateway.broken', 'gateway.reachable']);
  });

  it('has at most one pair of lines a minute for a gateway that breaks and answers all the time', () => {
    for (let second = 0; second < 180; second += 1) {
      noteBroken();
      log.noteEnd('llm');
      nowMs += 1_000;
    }
    expect(names().filter((name) => name === 'gateway.broken')).toHaveLength(3);
    expect(names().filter((name) => name === 'gateway.reachable')).toHaveLength(3);
  });

  it('tells a second outage that lasts, once the minute is over', () => {
    noteBroken();
    log.noteEnd('llm');
    nowMs += 1_000;
    noteBroken();
    expect(names()).toEqual(['gateway.broken', 'gateway.reachable']);
    nowMs += 60_000;
    noteBroken();
    expect(names()).toEqual(['gateway.broken', 'gateway.reachable', 'gateway.broken']);
  });

  it('tells another reason and another gateway at once', () => {
    noteBroken();
    noteUnreachable();
    noteBroken('other');
    expect(names()).toEqual(['gateway.broken', 'gateway.unreachable', 'gateway.broken']);
  });
});
